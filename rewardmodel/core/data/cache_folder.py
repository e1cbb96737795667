"""A folder of things that can be made again: who works on one of them, and which go when the folder grows too large.

Light: the worker imports it without numpy or torch. Each entry is a folder with a manifest; its lock lies beside it.
"""

import contextlib
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MANIFEST = "manifest.json"
PARTIAL_PREFIX = ".partial-"
PRUNED_PREFIX = ".pruned-"
ABANDONED_SECONDS = 24 * 3600.0
LOOK_SECONDS = 0.1


@contextlib.contextmanager
def locked(entry: Path, stop_if_asked: Callable[[], None]) -> Iterator[None]:
    """Hold an entry's lock, waiting until whoever has it lets go or dies; `stop_if_asked` may raise meanwhile."""
    with _lock_of(entry).open("a") as lock:
        while not _take(lock.fileno()):
            stop_if_asked()
            time.sleep(LOOK_SECONDS)
        yield


def mark_used(entry: Path) -> None:
    """Note that an entry is used now: what was used longest ago goes first."""
    os.utime(entry / MANIFEST)


def prune(folder: Path, *, limit_bytes: int) -> int:
    """Remove entries, those used longest ago first, until the folder fits into so many bytes; and what was abandoned.

    An entry that a process has mapped stays readable to it. One whose lock is held is left alone.

    Returns: how many bytes were freed.
    """
    if not folder.is_dir():
        return 0
    freed = 0
    for rest in (*folder.glob(f"{PARTIAL_PREFIX}*"), *folder.glob(f"{PRUNED_PREFIX}*")):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - rest.stat().st_mtime > ABANDONED_SECONDS:
                freed += _size(rest)
                shutil.rmtree(rest, ignore_errors=True)
    manifests = [file for file in folder.glob(f"*/{MANIFEST}") if not file.parent.name.startswith(".")]
    sizes = {file.parent: _size(file.parent) for file in sorted(manifests, key=_used_at)}
    total = sum(sizes.values())
    for entry, size in sizes.items():
        if total <= limit_bytes:
            break
        if _remove(entry):
            freed += size
            total -= size
    return freed


def _lock_of(entry: Path) -> Path:
    return entry.with_name(f"{entry.name}.lock")


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove(entry: Path) -> bool:
    """Take an entry out, at once, unless somebody holds its lock."""
    with _lock_of(entry).open("a") as lock:
        if not _take(lock.fileno()):
            return False
        gone = entry.with_name(f"{PRUNED_PREFIX}{entry.name}-{os.getpid()}")
        with contextlib.suppress(FileNotFoundError):
            os.rename(entry, gone)
        _lock_of(entry).unlink(missing_ok=True)
    shutil.rmtree(gone, ignore_errors=True)
    return True


def _used_at(file: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return file.stat().st_mtime
    return 0.0


def _size(folder: Path) -> int:
    size = 0
    for file in folder.glob("*"):
        with contextlib.suppress(FileNotFoundError):
            size += file.stat().st_size
    return size
