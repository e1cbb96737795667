"""Parquet: rows of typed columns, read a few at a time."""

import datetime as dt
import io
from collections.abc import Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any, BinaryIO
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq

from preferences.containers.jsonl import parse_json, parse_row, write_json
from preferences.containers.limits import Limits, Row, check_names_differ
from preferences.containers.lines import too_large
from preferences.containers.unpacking import seekable
from preferences.errors import InvalidRow, UnreadableFile

BATCH_ROWS = 256
BATCH_BYTES = 8 * 1024 * 1024
READ_BYTES = 64 * 1024
_UNREADABLE = (pa.ArrowException, OSError, UnicodeDecodeError)


def read_rows(stream: io.BufferedReader, limits: Limits) -> Iterator[tuple[int, Row | InvalidRow]]:
    """Read rows, numbered from 1, as JSON would hold them; a column that is null in a row is left out of it.

    Columns of Parquet's type JSON are parsed, times become texts in ISO 8601. A row is rejected that holds bytes, a
    number that is not finite, or text that is not UTF-8.
    """
    number = given = 0
    with ExitStack() as stack:
        file = _open(stack.enter_context(seekable(stream)), limits)
        json_columns = [field.name for field in file.schema_arrow if isinstance(field.type, pa.JsonType)]
        for batch in _batches(file):
            for values in _values(batch):
                number += 1
                line = values if isinstance(values, InvalidRow) else _line(values, json_columns, limits)
                given += len(line) if isinstance(line, bytes) else 0
                if given > limits.file_bytes:  # a value that many rows share is stored once
                    raise UnreadableFile(f"The file holds more than {limits.file_bytes:,} bytes.")
                yield number, line if isinstance(line, InvalidRow) else parse_row(line)


def count_rows(stream: io.BufferedReader, limits: Limits) -> int:
    with seekable(stream) as raw:
        rows: int = _open(raw, limits).metadata.num_rows
        return rows


def _open(raw: BinaryIO, limits: Limits) -> pq.ParquetFile:
    """Raises: UnreadableFile for a file that is damaged, or that unpacks to more than the limits allow."""
    try:
        file = pq.ParquetFile(raw, pre_buffer=False, buffer_size=READ_BYTES)
        size, names = raw.seek(0, io.SEEK_END), file.schema_arrow.names
    except _UNREADABLE as error:
        raise UnreadableFile(f"The Parquet file is damaged or ends too early: {error}") from None
    check_names_differ(names)
    unpacked = _unpacked_bytes(file)
    if unpacked > limits.file_bytes:
        raise UnreadableFile(f"The file holds more than {limits.file_bytes:,} bytes.")
    if unpacked > max(limits.ratio_from_bytes, limits.ratio * size):
        raise UnreadableFile(f"The Parquet file unpacks to more than {limits.ratio} times its size.")
    return file


def _unpacked_bytes(file: pq.ParquetFile) -> int:
    metadata = file.metadata
    return sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))


def _batches(file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    row_bytes = _unpacked_bytes(file) // max(file.metadata.num_rows, 1) + 1
    rows = min(max(BATCH_BYTES // row_bytes, 1), BATCH_ROWS)
    try:
        yield from file.iter_batches(batch_size=rows, use_threads=False)
    except _UNREADABLE as error:
        raise UnreadableFile(f"The Parquet file is damaged: {error}") from None


def _values(batch: pa.RecordBatch) -> Iterator[dict[str, Any] | InvalidRow]:
    """The rows of a batch; where one of them cannot be a Python value, the others still are."""
    try:
        yield from batch.to_pylist(maps_as_pydicts="strict")
    except (ValueError, OverflowError, KeyError) as error:
        if batch.num_rows > 1:
            for place in range(batch.num_rows):
                yield from _values(batch.slice(place, 1))
        elif isinstance(error, UnicodeDecodeError):
            yield InvalidRow("The row holds text that is not UTF-8.", reason="not-utf8")
        else:
            yield InvalidRow(f"The row holds a value that cannot be read: {error}.", reason="not-json")


def _line(values: dict[str, Any], json_columns: list[str], limits: Limits) -> bytes | InvalidRow:
    """The row as it would stand in JSONL, so that both obey the same rules."""
    row = {name: value for name, value in values.items() if value is not None}
    try:
        for name in json_columns:
            if name in row:
                row[name] = parse_json(row[name])
        line = write_json(row, default=_plain).encode()
    except (ValueError, TypeError, RecursionError) as error:
        return InvalidRow(f"The row holds what JSON cannot: {error}.", reason="not-json")
    if len(line) > limits.allowed(line):
        return too_large(len(line), limits.allowed(line), line)
    return line


def _plain(value: Any) -> Any:
    """What JSON holds of a value that it has no type for. Raises: TypeError."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__}")
