"""The snapshot file: one immutable Parquet file and its manifest, the same bytes whatever order the data came in.

Writing and reading hold a bounded part of the data in memory: rows are sorted on disk, by prompt, then kind, then
comparison, so that all rows of a prompt follow each other.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from preferences import __version__
from preferences.arrow import SCHEMA, arrow_row, microseconds, row_from_arrow
from preferences.errors import DamagedSnapshot
from preferences.grouping import split_by_group
from preferences.hashing import canonical_json
from preferences.manifest import FORMAT_VERSION, Manifest, Tally
from preferences.near_duplicates import LEAST_RESEMBLANCE
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, RecordKind
from preferences.rows import SnapshotRow, content_of
from preferences.sorting import CHUNK_BYTES, sorted_lines
from preferences.splits import Split, check_fractions, split_of

MANIFEST_KEY = b"plumbline.manifest"
ROW_GROUP_BYTES = 8 * 1024 * 1024
READ_ROWS = 128
READ_BYTES = 64 * 1024


def manifest_path(path: Path | str) -> Path:
    """Where the manifest stands: beside the file, as `<file>.manifest.json`."""
    return Path(f"{path}.manifest.json")


def write_snapshot(
    records: Iterable[ComparisonRecord],
    path: Path | str,
    *,
    seed: int = 0,
    validation: float = 0.1,
    test: float = 0.1,
    rules: PairRules | None = None,
    filters: Mapping[str, Any] | None = None,
    drops: Mapping[str, int] | None = None,
    extra: Mapping[str, Any] | None = None,
    near_duplicates: bool = False,
    chunk_bytes: int = CHUNK_BYTES,
) -> Manifest:
    """Freeze records into a Parquet file at `path` with its manifest beside it.

    Args:
        records: in any order; read once.
        seed, validation, test: how prompts are split (`preferences.splits`).
        rules: how readers derive pairs; part of the snapshot's identity, as the split is.
        filters, extra: described in the manifest, no part of the identity.
        drops: reason → count, read after the last record, so that a generator may count while it yields.
        near_duplicates: put prompts that are nearly the same into one split (`preferences.near_duplicates`). Named in
            the manifest's split, and part of the identity, only where it is asked for.

    Returns: the manifest; `manifest.content_sha256` is the same on every engine and in every order of `records`.
    """
    path = Path(path)
    check_fractions(validation=validation, test=test)
    rules = rules or PairRules()
    split = {"seed": seed, "validation": validation, "test": test}
    if near_duplicates:
        split["near_duplicates"] = LEAST_RESEMBLANCE
    digest = hashlib.sha256()
    header = {"format_version": FORMAT_VERSION, "split": split, "rules": rules.to_dict()}
    digest.update(canonical_json(header) + b"\n")

    lines = (_line_of(record, seed=seed, validation=validation, test=test) for record in records)
    tally = Tally()
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".freezing-") as folder:
        unfinished = Path(folder) / "snapshot.parquet"
        with pq.ParquetWriter(unfinished, SCHEMA, compression="zstd", write_page_index=False) as writer:
            held: list[dict[str, Any]] = []
            held_bytes = 0
            ordered = sorted_lines(lines, directory=Path(folder), chunk_bytes=chunk_bytes)
            if near_duplicates:
                ordered = split_by_group(ordered, Path(folder), seed=seed, validation=validation, test=test)
            for line in ordered:
                _, content, times = line.split(b"\t")
                digest.update(content + b"\n")
                held.append(arrow_row(json.loads(content), json.loads(times)))
                held_bytes += len(line)
                if held_bytes >= ROW_GROUP_BYTES:
                    _write_rows(writer, held, tally)
                    held, held_bytes = [], 0
            _write_rows(writer, held, tally)
            manifest = Manifest(
                content_sha256=digest.hexdigest(),
                counts=tally.as_counts(),
                filters=dict(filters or {}),
                drops={reason: count for reason, count in sorted((drops or {}).items()) if count},
                rules=rules.to_dict(),
                split=split,
                guideline_versions=sorted(tally.guideline_versions),
                created_with={"plumbline": __version__},
                extra=dict(extra or {}),
            )
            writer.add_key_value_metadata({MANIFEST_KEY: canonical_json(manifest.to_dict())})
        manifest = replace(manifest, file_sha256=file_sha256(unfinished))
        unfinished_manifest = Path(folder) / "manifest.json"
        unfinished_manifest.write_text(json.dumps(manifest.to_dict(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        os.replace(unfinished, path)
        os.replace(unfinished_manifest, manifest_path(path))
    return manifest


def store_snapshot(records: Iterable[ComparisonRecord], directory: Path | str, **options: Any) -> tuple[Path, Manifest]:
    """Freeze records into `<content_sha256>.parquet` in a directory; the options are those of `write_snapshot`.

    A file of that name that is already there, and whole, is left as it is: it holds the same content.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=directory, prefix=".unfinished-", suffix=".parquet")
    os.close(handle)
    try:
        manifest = write_snapshot(records, unfinished, **options)
        path = directory / f"{manifest.id}.parquet"
        if path.exists() and manifest_path(path).exists():
            kept = read_manifest(path)
            if kept.content_sha256 == manifest.content_sha256 and kept.file_sha256 == file_sha256(path):
                return path, kept
        os.replace(unfinished, path)
        os.replace(manifest_path(unfinished), manifest_path(path))
        return path, manifest
    finally:
        Path(unfinished).unlink(missing_ok=True)
        manifest_path(unfinished).unlink(missing_ok=True)


def read_manifest(path: Path | str) -> Manifest:
    """Read a snapshot's manifest: from beside the file, or from within it (then without `file_sha256`).

    Raises: DamagedSnapshot if the file is no snapshot, or its manifest cannot be read.
    """
    beside = manifest_path(path)
    written = beside.read_bytes() if beside.exists() else _embedded_manifest(_open(path), path)
    try:
        return Manifest.from_dict(json.loads(written))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedSnapshot(f"The manifest of {Path(path).name} cannot be read: {_in_one_line(error)}.") from None


def manifest_of_file(path: Path | str) -> Manifest:
    """The manifest of a file that is the one it names, as far as it names one.

    Raises: DamagedSnapshot if it is another, or as `read_manifest` does.
    """
    manifest = read_manifest(path)
    if manifest.file_sha256 and manifest.file_sha256 != file_sha256(path):
        raise DamagedSnapshot(f"{Path(path).name} is not the file its manifest names: its sha256 differs.")
    return manifest


def is_snapshot(path: Path | str) -> bool:
    """Whether a file is a snapshot: Parquet with a manifest in it. Other Parquet files are tables in some format."""
    try:
        with _open(path) as file:
            _embedded_manifest(file, path)
    except DamagedSnapshot:
        return False
    return True


def read_snapshot(
    path: Path | str, *, split: Split | None = None, kind: RecordKind | None = None
) -> Iterator[SnapshotRow]:
    """Read rows in the order of the file, a few at a time.

    Raises: DamagedSnapshot if the file is missing or no snapshot, before the first row; later if its rows are damaged.
    """
    file = _open(path)
    _embedded_manifest(file, path)
    return _rows_of(file, Path(path).name, split, kind)


def verify_snapshot(path: Path | str) -> Manifest:
    """Recompute both hashes of a snapshot from its file.

    Raises: DamagedSnapshot, naming the hash that differs.
    """
    manifest = manifest_of_file(path)
    digest = hashlib.sha256()
    header = {"format_version": manifest.format_version, "split": manifest.split, "rules": manifest.rules}
    digest.update(canonical_json(header) + b"\n")
    for row in read_snapshot(path):
        digest.update(canonical_json(content_of(row)) + b"\n")
    if digest.hexdigest() != manifest.content_sha256:
        raise DamagedSnapshot(f"The rows of {Path(path).name} are not those its manifest names.")
    return manifest


def file_sha256(path: Path | str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _line_of(record: ComparisonRecord, *, seed: int, validation: float, test: float) -> bytes:
    """One line to be sorted: key, hashed content, times of the judgments (these are kept but not hashed)."""
    record = record.canonical()
    split = split_of(record.prompt_hash, seed=seed, validation=validation, test=test)
    row = SnapshotRow(record, split, record.comparison_hash, record.prompt_hash)
    key = f"{row.prompt_hash} {record.kind} {row.comparison_hash}".encode()
    times = canonical_json([microseconds(judgment.judged_at) for judgment in record.judgments])
    return b"\t".join((key, canonical_json(content_of(row)), times))


def _write_rows(writer: pq.ParquetWriter, rows: list[dict[str, Any]], tally: Tally) -> None:
    if not rows:
        return
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    for values in rows:
        row = row_from_arrow({**values, "judgments": [{**j, "judged_at": None} for j in values["judgments"]]})
        tally.add(row.record, prompt_hash=row.prompt_hash, split=row.split)
    writer.write_table(table)


def _open(path: Path | str) -> pq.ParquetFile:
    """The file, read piece by piece: `pre_buffer`, Arrow's default, reads several row groups ahead of the first row."""
    try:
        return pq.ParquetFile(path, pre_buffer=False, buffer_size=READ_BYTES)
    except FileNotFoundError:
        raise DamagedSnapshot(f"There is no file {Path(path).name}.") from None
    except (pa.ArrowException, OSError) as error:
        raise DamagedSnapshot(f"{Path(path).name} is not a Parquet file: {_in_one_line(error)}.") from None


def _embedded_manifest(file: pq.ParquetFile, path: Path | str) -> bytes:
    found: bytes | None = (file.metadata.metadata or {}).get(MANIFEST_KEY)
    if found is None:
        raise DamagedSnapshot(f"{Path(path).name} is a Parquet file, but not a snapshot: it carries no manifest.")
    return found


def _rows_of(file: pq.ParquetFile, name: str, split: Split | None, kind: RecordKind | None) -> Iterator[SnapshotRow]:
    try:
        with file:
            for batch in file.iter_batches(batch_size=READ_ROWS):
                for values in batch.to_pylist():
                    if split in (None, values["split"]) and kind in (None, values["kind"]):
                        yield row_from_arrow(values)
    except KeyError as error:
        raise DamagedSnapshot(f"The rows of {name} have no {error.args[0]}.") from None
    except (pa.ArrowException, OSError, ValueError, TypeError, AttributeError) as error:
        raise DamagedSnapshot(f"The rows of {name} cannot be read: {_in_one_line(error)}.") from error


def _in_one_line(error: Exception) -> str:
    """What an error says, without its end of sentence; Arrow breaks its sentences into lines."""
    return " ".join(str(error).split()).rstrip(".")
