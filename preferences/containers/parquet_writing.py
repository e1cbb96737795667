"""Rows as Parquet, a row group at a time."""

import io
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from preferences.containers.columns import (
    JSON,
    MESSAGE,
    Kind,
    check_columns,
    described,
    kind_of,
    kind_of_all,
    merged,
    settled,
)
from preferences.containers.jsonl import write_json
from preferences.containers.limits import Row
from preferences.errors import UnwritableRow

GROUP_ROWS = 10_000
GROUP_BYTES = 8 * 1024 * 1024
_ARROW_TYPES: dict[Kind, pa.DataType] = {
    JSON: pa.json_(),
    MESSAGE: pa.struct([("role", pa.string()), ("content", pa.string())]),
    "boolean": pa.bool_(),
    "whole number": pa.int64(),
    "number": pa.float64(),
    "text": pa.string(),
}


class ParquetWriter:
    """Rows as Parquet: texts, numbers and messages typed, what may differ from row to row as Parquet's type JSON."""

    def __init__(self, head: Sequence[Row], columns: Sequence[str]) -> None:
        """Args: head: the first rows, which give the columns their types; columns: their names."""
        self._kinds = {name: settled(kind_of_all(row.get(name) for row in head)) for name in columns}
        self._schema = pa.schema([(name, _arrow_type(kind)) for name, kind in self._kinds.items()])
        self._sink = _Sink()
        self._file = pq.ParquetWriter(pa.PythonFile(self._sink, mode="w"), self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._bytes = 0

    def write(self, row: Row) -> bytes:
        check_columns(row, self._kinds)
        for name, value in row.items():
            self._check_kind(name, value)
        self._bytes += len(write_json(row).encode())  # fails here for what Arrow would refuse with the whole group
        self._rows.append(row)
        if len(self._rows) >= GROUP_ROWS or self._bytes >= GROUP_BYTES:
            self._write_group()
        return self._sink.taken()

    def finish(self) -> bytes:
        if self._rows:
            self._write_group()
        self._file.close()
        return self._sink.taken()

    def _check_kind(self, name: str, value: Any) -> None:
        kind = self._kinds[name]
        if merged(kind, kind_of(value)) != kind:
            raise UnwritableRow(f"“{name}” is {value!r:.80}, and in the first rows it is {described(kind)}")

    def _write_group(self) -> None:
        arrays = [
            _array([row.get(name) for row in self._rows], kind, self._schema.field(name).type)
            for name, kind in self._kinds.items()
        ]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows, self._bytes = [], 0


class _Sink(io.RawIOBase):
    """Where Arrow writes to: holds the bytes until they are taken."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._position = 0

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._held += piece
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def taken(self) -> bytes:
        taken = bytes(self._held)
        self._held.clear()
        return taken


def _arrow_type(kind: Kind) -> pa.DataType:
    return pa.list_(_arrow_type(kind[1])) if isinstance(kind, tuple) else _ARROW_TYPES[kind]


def _array(values: list[Any], kind: Kind, type: pa.DataType) -> pa.Array:
    if kind == JSON:
        values = [None if value is None else write_json(value) for value in values]
    return pa.array(values, type=type)
