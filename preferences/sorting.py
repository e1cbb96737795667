"""Sorting more lines than fit in memory."""

import heapq
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 32 * 1024 * 1024


def sorted_lines(lines: Iterable[bytes], *, directory: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """Give lines back in byte order, holding at most `chunk_bytes` of them in memory at a time.

    Lines hold no newline. What does not fit is spilled, sorted, to temporary files in `directory` and merged;
    the files vanish when the iteration ends, however it ends.
    """
    with ExitStack() as stack:
        spills: list[BinaryIO] = []
        held: list[bytes] = []
        held_bytes = 0
        for line in lines:
            held.append(line)
            held_bytes += len(line)
            if held_bytes >= chunk_bytes:
                spills.append(_spill(held, directory, stack))
                held, held_bytes = [], 0
        held.sort()
        yield from heapq.merge(*(_lines_of(spill) for spill in spills), held)


def _spill(lines: list[bytes], directory: Path, stack: ExitStack) -> BinaryIO:
    lines.sort()
    spill = stack.enter_context(tempfile.TemporaryFile(dir=directory, prefix="sorting-"))  # noqa: SIM115
    spill.writelines(line + b"\n" for line in lines)
    spill.seek(0)
    return spill


def _lines_of(spill: BinaryIO) -> Iterator[bytes]:
    for line in spill:
        yield line[:-1]
