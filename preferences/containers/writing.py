"""Rows as a file, written while they are read: a container by name, and the bytes it makes of rows."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from preferences.containers.delimited import CsvWriter
from preferences.containers.jsonl import JsonlWriter
from preferences.containers.limits import Row, characters_of
from preferences.containers.packing import PACKERS
from preferences.errors import UnknownContainer, UnwritableRow

CHUNK_BYTES = 64 * 1024
HEAD_ROWS = 1000  # what a table's columns are taken from
HEAD_CHARACTERS = 4_000_000


class RowWriter(Protocol):
    """write: the bytes that a row adds, perhaps held back until a later one; finish: what is left.

    Raises: UnwritableRow for a row that the container cannot hold.
    """

    def write(self, row: Row) -> bytes: ...

    def finish(self) -> bytes: ...


@dataclass(frozen=True)
class Container:
    """A kind of file that rows are written to, and what packs it: the suffix without its first dot names both.

    is_table: whether all rows have the same columns, which are then taken from the first ones.
    """

    name: str
    media_type: str
    is_table: bool
    packing: str
    writer: Callable[[Sequence[Row], Sequence[str]], RowWriter]


def _parquet_writer(head: Sequence[Row], columns: Sequence[str]) -> RowWriter:
    from preferences.containers.parquet_writing import ParquetWriter  # Arrow is not loaded before it is needed

    return ParquetWriter(head, columns)


_KINDS: dict[str, tuple[str, bool, Callable[[Sequence[Row], Sequence[str]], RowWriter]]] = {
    "jsonl": ("application/x-ndjson", False, lambda head, columns: JsonlWriter()),
    "csv": ("text/csv; charset=utf-8", True, lambda head, columns: CsvWriter(columns)),
    "parquet": ("application/vnd.apache.parquet", True, _parquet_writer),
}
_PACKED_TYPES = {"gz": "application/gzip", "zst": "application/zstd"}
CONTAINERS: dict[str, Container] = {
    container.name: container
    for kind, (media_type, is_table, writer) in _KINDS.items()
    for container in (
        Container(f"{kind}.{packing}".rstrip("."), _PACKED_TYPES.get(packing, media_type), is_table, packing, writer)
        for packing in PACKERS
    )
}


def container_named(name: str) -> Container:
    """Raises: UnknownContainer, naming those that exist."""
    try:
        return CONTAINERS[name]
    except KeyError:
        raise UnknownContainer(f"There is no container “{name}”. There are: {', '.join(CONTAINERS)}.") from None


def container_of(file_name: str) -> Container:
    """The container that a file's suffixes name. Raises: UnknownContainer, naming those that exist."""
    for name, container in CONTAINERS.items():
        if file_name.lower().endswith(f".{name}"):
            return container
    suffixes = ", ".join(f".{name}" for name in CONTAINERS)
    raise UnknownContainer(f"The name “{file_name}” does not say what to write. It ends in one of {suffixes}.")


def written(rows: Iterable[Row], container: Container, *, columns: Sequence[str] = ()) -> Iterator[bytes]:
    """The file that holds the rows, piece by piece: the first at once, the others in bunches that are worth a write.

    Args:
        rows: read one by one, once.
        columns: of a table, those that a later row may have though the first ones do not.

    Raises: UnwritableRow, naming the row that the container cannot hold.
    """
    rows = iter(rows)
    head = list(_head(rows)) if container.is_table else []
    writer = container.writer(head, _columns(head, columns))
    packer = PACKERS[container.packing]()
    held = bytearray()
    is_first = True
    for number, row in enumerate(chain(head, rows), start=1):
        try:
            held += writer.write(row)
        except ValueError as error:
            why = "it holds a lone surrogate" if isinstance(error, UnicodeEncodeError) else str(error)
            raise UnwritableRow(f"Row {number} cannot be written as {container.name}: {why}.") from None
        if held and (is_first or len(held) >= CHUNK_BYTES):
            yield packer.pack(bytes(held), at_once=is_first)
            held.clear()
            is_first = False
    if rest := packer.pack(bytes(held + writer.finish())) + packer.finish():
        yield rest


def _head(rows: Iterator[Row]) -> Iterator[Row]:
    characters = 0
    for count, row in enumerate(rows, start=1):
        yield row
        characters += characters_of(row)
        if count >= HEAD_ROWS or characters >= HEAD_CHARACTERS:
            return


def _columns(head: Sequence[Row], declared: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(chain(*head, declared)))
