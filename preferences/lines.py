"""Rows of a JSONL file, plain or gzipped, one at a time, with every bad row named by its line number."""

import gzip
import io
import json
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from math import isinf
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from preferences.errors import InvalidRow, InvalidText, UnreadableFile
from preferences.text import check_texts_within

Row = dict[str, Any]
_READ_BYTES = 1024 * 1024
PICTURE = b"data:image/"
KEPT_BYTES = 2000  # of a line that cannot be parsed, to show what it was
# Other containers, by their first bytes: better named at once than reported as a million bad rows.
_OTHER_KINDS = {
    b"PAR1": "a Parquet file",
    b"PK\x03\x04": "a ZIP archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard file",
    b"\xfd7zXZ": "an XZ file",
    b"BZh": "a bzip2 file",
}


@dataclass(frozen=True)
class Limits:
    """How much one file may ask for.

    row_bytes: the longest row read; longer ones are rejected one by one.
    picture_row_bytes: the same for a row that brings pictures as data URLs.
    file_bytes: the longest file read, after decompression.
    ratio: how many times its size a compressed file may unpack to, once it passes `ratio_from_bytes`.
    """

    row_bytes: int = 1024 * 1024
    picture_row_bytes: int = 32 * 1024 * 1024
    file_bytes: int = 64 * 1024**3
    ratio: int = 200
    ratio_from_bytes: int = 64 * 1024 * 1024


def open_rows(source: Path | str | BinaryIO, *, limits: Limits | None = None) -> Iterator[tuple[int, Row | InvalidRow]]:
    """Read a JSONL file row by row, in constant memory.

    Args:
        source: a path, or a binary file that can seek. Gzip is recognised by its first bytes, not by its name.
        limits: caps on rows and on what a compressed file may unpack to.

    Yields: (line number from 1, the row's object, or why it is not one). Blank lines are passed over.
    Raises: UnreadableFile when nothing more can be read: another file format, damaged gzip, too much data.
    """
    limits = limits or Limits()
    with _opened(source) as (raw, lines):
        is_first = True
        for number, line in _capped_lines(lines, raw, limits):
            if isinstance(line, InvalidRow):
                yield number, line
            elif line := line.removeprefix(b"\xef\xbb\xbf").strip() if number == 1 else line.strip():
                row = parse_row(line)
                if isinstance(row, InvalidRow):
                    row.line = line[:KEPT_BYTES]
                if is_first and isinstance(row, InvalidRow) and line.startswith(b"["):
                    raise UnreadableFile(
                        "The file starts with “[”: it seems to be one JSON array. One JSON object per line is needed."
                    )
                yield number, row
            else:
                continue
            is_first = False


def count_lines(source: Path | str | BinaryIO) -> int:
    """Count a file's lines, unpacked, blank ones included, without looking at them. Raises: UnreadableFile."""
    lines, last = 0, b""
    with _opened(source) as (_raw, unpacked):
        try:
            while piece := unpacked.read(_READ_BYTES):
                lines += piece.count(b"\n")
                last = piece
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise UnreadableFile("The compressed file is damaged or ends too early.") from None
    return lines + (bool(last) and not last.endswith(b"\n"))


def parse_row(line: bytes) -> Row | InvalidRow:
    """Read one line as a JSON object whose texts every engine can hold, or say why it is not one."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return InvalidRow(f"The row is not UTF-8: byte {error.start + 1} of the line is wrong.", reason="not-utf8")
    try:
        row = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except json.JSONDecodeError as error:
        return InvalidRow(f"The row is not JSON: {error.msg} at character {error.colno}.", reason="not-json")
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        return InvalidRow(f"The row is not JSON that can be read: {why}.", reason="not-json")
    if not isinstance(row, dict):
        return InvalidRow(f"The row is not an object but {_json_name(row)}.", reason="not-an-object")
    if b"\\u" in line:  # only an escape can bring in what UTF-8 and JSON themselves refuse
        try:
            check_texts_within(row)
        except InvalidText as error:
            return InvalidRow(str(error), reason="bad-text")
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(f"{digits} is larger than any number can be")
    return number


def _json_name(value: Any) -> str:
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


@contextmanager
def _opened(source: Path | str | BinaryIO) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open the file as (raw bytes, unpacked bytes); close only what was opened here."""
    with ExitStack() as stack:
        raw = stack.enter_context(open(source, "rb")) if isinstance(source, Path | str) else source
        start = raw.read(8)
        raw.seek(-len(start), os.SEEK_CUR)
        for magic, name in _OTHER_KINDS.items():
            if start.startswith(magic):
                raise UnreadableFile(f"This is {name}. JSONL is needed, plain or gzipped.")
        if start.startswith(b"\x1f\x8b"):
            yield raw, io.BufferedReader(gzip.GzipFile(fileobj=raw, mode="rb"), _READ_BYTES)
        else:
            yield raw, raw


def _capped_lines(lines: BinaryIO, raw: BinaryIO, limits: Limits) -> Iterator[tuple[int, bytes | InvalidRow]]:
    """Number the lines and watch the caps; a line that is too long is passed over piece by piece."""
    number = read_bytes = 0
    is_packed = lines is not raw
    while True:
        number += 1
        try:
            line = lines.readline(limits.row_bytes + 2)
            if len(line) > limits.row_bytes and not line.endswith(b"\n") and PICTURE in line:
                line += lines.readline(limits.picture_row_bytes - len(line) + 2)
            whole = len(line)
            allowed = limits.picture_row_bytes if PICTURE in line else limits.row_bytes
            while line and not line.endswith(b"\n") and whole > allowed:
                rest = lines.readline(_READ_BYTES)
                whole += len(rest)
                _watch(read_bytes + whole, raw, is_packed, limits, number)
                if not rest or rest.endswith(b"\n"):
                    break
        except (EOFError, gzip.BadGzipFile, zlib.error):
            raise UnreadableFile(
                f"The compressed file is damaged or ends too early: line {number} cannot be read. "
                "The rows before it are not affected."
            ) from None
        if not line:
            return
        read_bytes += whole
        _watch(read_bytes, raw, is_packed, limits, number)
        if len(line.rstrip(b"\r\n")) > allowed:
            sentence = f"The row is too large: {whole:,} bytes, where {allowed:,} are allowed."
            yield number, InvalidRow(sentence, reason="too-large", line=line[:KEPT_BYTES])
        else:
            yield number, line


def _watch(read_bytes: int, raw: BinaryIO, is_packed: bool, limits: Limits, number: int) -> None:
    if read_bytes > limits.file_bytes:
        raise UnreadableFile(f"The file holds more than {limits.file_bytes:,} bytes; it was read to line {number}.")
    if is_packed and read_bytes > limits.ratio_from_bytes and read_bytes > limits.ratio * max(raw.tell(), 1):
        raise UnreadableFile(
            f"The compressed file unpacks to more than {limits.ratio} times its size; it was read to line {number}."
        )
