"""Inserting many rows at once, several times faster than model instances: imports live on it.

What the database checks it still checks; what a model's `save` would do is not done, and ours do nothing there.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, models

Row = tuple[Any, ...]
Fields = Mapping[str, models.Field]
Columns = Mapping[str, Sequence[Any]]
ROWS_A_STATEMENT = 250  # SQLite lets other threads run while it works on one
_EMPTY: dict[type, str] = {dict: "{}", list: "[]"}


def insert_rows(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> list[int]:
    """Insert rows and return their ids, in order.

    Call inside a transaction. Columns that are not named get their default, drawn once for all rows, so a default that
    must differ per row (a UUID) has to be named.

    Args:
        model: with an integer primary key drawn by the database.
        names: column attributes, such as `project_id`; the values of `rows` stand in this order.

    Raises: IntegrityError, and then none of the rows is there.
    """
    insertion = prepare_rows(model, names, rows)
    insertion.store()
    return insertion.ids


@dataclass(frozen=True, slots=True)
class Insertion:
    """Rows that have their ids and are yet to be written, by whichever connection.

    Attributes:
        packed: as their engine takes them: lines of PostgreSQL's COPY, or the parameters of SQLite's statements.
    """

    table: str
    columns: str
    packed: bytes | list[list[Any]]
    ids: list[int]

    def store(self) -> None:
        """Write them. Call inside a transaction. Raises: IntegrityError, and then none of the rows is there."""
        if isinstance(self.packed, bytes):
            _copy(self.table, self.columns, self.packed)
        elif self.packed:
            _insert(self.table, self.columns, self.packed)


def prepare_rows(
    model: type[models.Model], names: Sequence[str], rows: Sequence[Row], *, after: Sequence[Insertion] = ()
) -> Insertion:
    """Rows as `insert_rows` would write them, with ids that no other row has.

    On PostgreSQL nobody else will get them. On SQLite somebody may who writes first, and the database then refuses
    these.

    Args:
        after: what is yet to be written and has ids too.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    if not rows:
        return Insertion(table, "", [], [])
    fields = {field.attname: field for field in model._meta.concrete_fields}
    same = {name: field.get_default() for name, field in fields.items() if name not in names and name != "id"}
    same = {name: value for name, value in same.items() if value is not None}
    last = max((insertion.ids[-1] for insertion in after if insertion.table == table and insertion.ids), default=0)
    ids = _draw_ids(model._meta.db_table, len(rows), after=last)
    columns = dict(zip(("id", *names), (ids, *zip(*rows, strict=True)), strict=True))
    pack = _lines if connection.vendor == "postgresql" else _parameters
    quoted = ", ".join(connection.ops.quote_name(str(fields[name].column)) for name in (*columns, *same))
    return Insertion(table, quoted, pack(fields, columns, same), ids)


def count_anew(*tables: type[models.Model]) -> None:
    """Let PostgreSQL look at tables that many rows were added to.

    Until it has, which left to itself takes it a minute, it takes them for nearly empty and sorts all that is open for
    each comparison it hands out. SQLite is told in the statements themselves.
    """
    if connection.vendor == "postgresql":
        names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in tables)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {names}")


def _draw_ids(table: str, count: int, *, after: int) -> list[int]:
    """Ids of the sequence; or, where one transaction writes at a time, those after the last one and after `after`."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            sequence = cursor.fetchone()[0]
            draw = "SELECT nextval(%s) AS id FROM generate_series(1, %s)"
            cursor.execute(f"SELECT min(id), max(id) FROM ({draw}) AS drawn", [sequence, count])  # noqa: S608  above
            first, last = cursor.fetchone()
            if last - first == count - 1:
                return list(range(first, last + 1))
            cursor.execute(draw, [sequence, count])  # somebody else drew in between
            return [row[0] for row in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
        last = max(found[0] if found else 0, after)
        return list(range(last + 1, last + 1 + count))


def _copy(table: str, columns: str, lines: bytes) -> None:
    with (
        connection.wrap_database_errors,
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        copy.write(lines)


def _lines(fields: Fields, columns: Columns, same: Mapping[str, Any]) -> bytes:
    """Lines of COPY's text format, made column by column: a fraction of what it takes value by value."""
    texts = [_texts(fields[name], values) for name, values in columns.items()]
    end = "".join("\t" + next(iter(_texts(fields[name], [value]))) for name, value in same.items()) + "\n"
    return (end.join(map("\t".join, zip(*texts, strict=True))) + end).encode()


def _texts(field: models.Field, values: Sequence[Any]) -> Iterable[str]:
    """A column's values as COPY reads them."""
    write = next((write for kind, write in _WRITERS.items() if isinstance(field, kind)), str)
    if field.null:
        return [r"\N" if value is None else write(value) for value in values]
    return map(write, values)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r").replace("\t", r"\t")


def _insert(table: str, columns: str, statements: list[list[Any]]) -> None:
    width = columns.count(",") + 1
    marks = f"({', '.join('?' * width)})"
    with connection.wrap_database_errors:
        for parameters in statements:
            rows = ", ".join([marks] * (len(parameters) // width))
            connection.connection.execute(f"INSERT INTO {table} ({columns}) VALUES {rows}", parameters)  # noqa: S608


def _parameters(fields: Fields, columns: Columns, same: Mapping[str, Any]) -> list[list[Any]]:
    """What SQLite's driver takes for one statement after another, value after value."""
    adapted = [_adapted(fields[name], values) for name, values in columns.items()]
    end = tuple(next(iter(_adapted(fields[name], [value]))) for name, value in same.items())
    rows = zip(*adapted, strict=True)
    statements = iter(lambda: [value for row in islice(rows, ROWS_A_STATEMENT) for value in (*row, *end)], [])
    return list(statements)


def _adapted(field: models.Field, values: Iterable[Any]) -> Iterable[Any]:
    adapt = next((adapt for kind, adapt in _ADAPTERS.items() if isinstance(field, kind)), None)
    return map(adapt, values) if adapt else values


def _json(value: Any) -> str:
    """JSON as Django writes it; most values of most rows are empty."""
    return _EMPTY[type(value)] if not value and type(value) in _EMPTY else json.dumps(value)


def _sqlite_time(value: datetime | None) -> str | None:
    return connection.ops.adapt_datetimefield_value(value)


def _sqlite_uuid(value: UUID | None) -> str | None:
    return value.hex if value else None


# By kind of field; what stands in neither is written as its `str`, and taken as it is.
_WRITERS: dict[type[models.Field], Callable[[Any], str]] = {
    models.JSONField: lambda value: _escaped(_json(value)),
    models.CharField: _escaped,
    models.TextField: _escaped,
    models.BooleanField: {True: "t", False: "f"}.__getitem__,
    models.DateTimeField: datetime.isoformat,
}
_ADAPTERS: dict[type[models.Field], Callable[[Any], Any]] = {
    models.JSONField: _json,
    models.DateTimeField: _sqlite_time,
    models.UUIDField: _sqlite_uuid,
}
