"""A cache of tokenized splits: written once, then mapped into memory by every run that reads the same split alike.

    CACHE/<key>/             one split; the key is a sha256 of all that decides its tokens and targets
        <table>.npy          the tables of `token_tables`, nothing that would have to be unpickled
        manifest.json        written last: what the key stands for, counts, size and sha256 of each table
    CACHE/<key>.lock         held while a split is written or checked, so that it is written once

Whatever is damaged or half written is written anew, and whatever is missing as well: nothing but time is lost with it.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rewardmodel.core.data.cache_folder import MANIFEST, PARTIAL_PREFIX, locked, mark_used
from rewardmodel.core.data.comparison import PackedComparisons
from rewardmodel.core.data.token_tables import DTYPES, Packer
from rewardmodel.core.data.training_set import Tokenizing, TrainingSet
from rewardmodel.core.errors import TokenCacheUnwritable
from rewardmodel.core.run_directory import move_into_place, write_json_atomically

FORMAT_VERSION = 1


class DamagedTokens(Exception):
    """A folder of the cache does not hold what its manifest says; it is to be written anew."""


def cached(
    cache: Path, parts: Mapping[str, Any], tokenizing: Tokenizing, *, stop_if_asked: Callable[[], None] = lambda: None
) -> TrainingSet:
    """The split that `tokenizing` gives, from the cache if it is there, else through it.

    Args:
        cache: a folder; made if it does not exist.
        parts: all that decides what comes of it, as JSON; two splits that differ must differ here.
        tokenizing: gone through only where the cache has nothing whole.
        stop_if_asked: may raise while another process writes the same split.

    Returns: comparisons that are mapped, not held; bit for bit those of `tokenizing.in_memory()`.
    Raises: TokenCacheUnwritable.
    """
    key = hashlib.sha256(json.dumps([FORMAT_VERSION, parts], sort_keys=True).encode()).hexdigest()
    folder = cache / key
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with locked(folder, stop_if_asked):
            try:
                return open_tokens(folder)
            except DamagedTokens:
                write_tokens(tokenizing, folder, parts)
            return open_tokens(folder)
    except (OSError, DamagedTokens) as error:
        raise TokenCacheUnwritable(
            f"The token cache {cache} cannot be used: {error}. Make room, name another folder in token_cache, or set "
            "it to null."
        ) from error


def write_tokens(tokenizing: Tokenizing, folder: Path, parts: Mapping[str, Any]) -> None:
    """Write a split, a chunk at a time; the folder gets its name when everything is on disk."""
    partial = folder.with_name(f"{PARTIAL_PREFIX}{folder.name}-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        packer = Packer()
        with contextlib.ExitStack() as stack:
            files = {name: stack.enter_context(_table_file(partial / f"{name}.npy", DTYPES[name])) for name in DTYPES}
            for chunk in tokenizing:
                for name, rows in packer.pack(chunk).items():
                    files[name](rows)
        manifest = {
            "format_version": FORMAT_VERSION,
            "parts": parts,
            "attributes": packer.attributes,
            "rows": tokenizing.rows_read,
            "left_out": dict(tokenizing.left_out),
            "truncated": tokenizing.truncated,
            "files": {name: _described(partial / f"{name}.npy") for name in DTYPES},
        }
        write_json_atomically(partial / MANIFEST, manifest)
        move_into_place(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def open_tokens(folder: Path) -> TrainingSet:
    """Check a folder of the cache against its manifest and map its tables.

    Raises: DamagedTokens if anything is missing or another.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        if manifest["format_version"] != FORMAT_VERSION:
            raise DamagedTokens(f"{folder} has format {manifest['format_version']}.")
        for name in DTYPES:
            if manifest["files"][name] != _described(folder / f"{name}.npy"):
                raise DamagedTokens(f"{name}.npy in {folder} is not the file its manifest names.")
        tables = {name: _mapped(folder / f"{name}.npy", dtype) for name, dtype in DTYPES.items()}
        found = TrainingSet(
            PackedComparisons(tables, manifest["attributes"]),
            manifest["rows"],
            dict(manifest["left_out"]),
            manifest["truncated"],
        )
        mark_used(folder)
        return found
    except (FileNotFoundError, NotADirectoryError, KeyError, TypeError, ValueError) as error:
        raise DamagedTokens(f"{folder} cannot be read: {error}") from error


@contextlib.contextmanager
def _table_file(path: Path, dtype: np.dtype[Any]) -> Iterator[Callable[[NDArray[Any]], None]]:
    """A .npy file that grows: the header, which NumPy leaves room in, is written again when the length is known."""
    with path.open("wb") as file:
        written = 0

        def header() -> None:
            about = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": (written,)}
            np.lib.format.write_array_header_1_0(file, about)

        def append(rows: NDArray[Any]) -> None:
            nonlocal written
            file.write(rows.tobytes())
            written += len(rows)

        header()
        yield append
        file.seek(0)
        header()


def _mapped(file: Path, dtype: np.dtype[Any]) -> NDArray[Any]:
    table: NDArray[Any] = np.load(file, mmap_mode="r", allow_pickle=False).view(np.ndarray)
    if table.dtype != dtype or table.ndim != 1:
        raise DamagedTokens(f"{file} holds {table.dtype} of shape {table.shape}.")
    return table


def _described(file: Path) -> dict[str, Any]:
    with file.open("rb") as stream:
        return {"bytes": os.fstat(stream.fileno()).st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
