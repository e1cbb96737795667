"""The rows of a file, one at a time, whatever container they come in, with every bad row named by its number."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from preferences.containers import delimited, json_array, jsonl
from preferences.containers.limits import Limits, Row
from preferences.containers.unpacking import READ_BYTES, Source, unpacked
from preferences.errors import InvalidRow, UnreadableFile

Rows = Iterator[tuple[int, Row | InvalidRow]]
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_TABLE_NAMES = (".csv", ".tsv", ".tab")
_LINE_NAMES = (".jsonl", ".ndjson", ".json")
# Other kinds of file, by their first bytes: better named at once than reported as a million bad rows.
_OTHER_KINDS = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet's own file",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet's own file",
    b"PARE": "an encrypted Parquet file",
    b"ARROW1": "an Arrow file",
    b"\xfd7zXZ": "an XZ file",
    b"BZh": "a bzip2 file",
    b"\xff\xfe": "a text in UTF-16",
    b"\xfe\xff": "a text in UTF-16",
}


@dataclass(frozen=True)
class _Container:
    """How one kind of file is read. unit: what numbers its rows. count: about how many it has, where that is easy."""

    unit: str
    read: Callable[[io.BufferedReader, Limits], Rows]
    count: Callable[[io.BufferedReader, Limits], int | None]


def open_rows(source: Source, *, limits: Limits | None = None) -> Rows:
    """Read a file row by row, in constant memory.

    Args:
        source: a path, or a binary file that can seek. Its kind and what packs it are told by its first bytes; a name
            that ends in .csv or .tsv helps where these leave it open.
        limits: caps on rows and on what a compressed file may unpack to.

    Yields: (number from 1, the row's object, or why it is not one). The number is the line on which the row begins, in
        Parquet and in a JSON array the row's own.
    Raises: UnreadableFile when nothing more can be read: another kind of file, damage, too much data.
    """
    limits = limits or Limits()
    with unpacked(source, limits) as stream:
        container, last = _recognised(stream, source), 0
        try:
            for last, row in container.read(stream, limits):
                yield last, row
        except UnreadableFile as error:
            where = f" It was read to {container.unit} {last}." if last else ""
            raise UnreadableFile(f"{error}{where}") from None


def count_rows(source: Source, *, limits: Limits | None = None) -> int | None:
    """About how many rows a file has (blank lines are rows here), or None where only reading them would tell.

    Raises: UnreadableFile.
    """
    limits = limits or Limits()
    with unpacked(source, limits) as stream:
        return _recognised(stream, source).count(stream, limits)


def _recognised(stream: io.BufferedReader, source: Source) -> _Container:
    """What kind of file this is; a byte order mark is passed over."""
    start = stream.peek(READ_BYTES)
    if start.startswith(BYTE_ORDER_MARK):
        stream.read(len(BYTE_ORDER_MARK))
        start = start.removeprefix(BYTE_ORDER_MARK)
    for magic, name in _OTHER_KINDS.items():
        if start.startswith(magic):
            raise UnreadableFile(f"This is {name}. JSONL, a JSON array, CSV, TSV or Parquet is needed.")
    if start.startswith(b"PAR1"):
        return _PARQUET
    start = start.lstrip()
    if start.startswith(b"["):
        return _ARRAY
    suffixes = _suffixes(source)
    if not start.startswith(b"{") and suffixes & {*_TABLE_NAMES}:
        return _TABLE
    if start.startswith(b"{") or suffixes & {*_LINE_NAMES} or not delimited.is_table(start):
        return _LINES
    return _TABLE


def _suffixes(source: Source) -> set[str]:
    name = source if isinstance(source, Path | str) else str(getattr(source, "name", ""))
    return {suffix.lower() for suffix in Path(name).suffixes}


def _count_lines(stream: io.BufferedReader, _limits: Limits) -> int:
    lines, last = 0, b""
    while piece := stream.read(READ_BYTES):
        lines += piece.count(b"\n")
        last = piece
    return lines + (bool(last) and not last.endswith(b"\n"))


def _read_parquet(stream: io.BufferedReader, limits: Limits) -> Rows:
    from preferences.containers import parquet  # Arrow is not loaded before it is needed

    return parquet.read_rows(stream, limits)


def _count_parquet(stream: io.BufferedReader, limits: Limits) -> int:
    from preferences.containers import parquet

    return parquet.count_rows(stream, limits)


_LINES = _Container("line", jsonl.read_rows, _count_lines)
_TABLE = _Container("line", delimited.read_rows, lambda stream, limits: max(_count_lines(stream, limits) - 1, 0))
_ARRAY = _Container("row", json_array.read_rows, lambda stream, limits: None)
_PARQUET = _Container("row", _read_parquet, _count_parquet)
