"""Inserting many rows at once, several times faster than model instances: imports live on it.

What the database checks it still checks; what a model's `save` would do is not done, and ours do nothing there.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, models

Row = tuple[Any, ...]
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
    """Rows that have their ids and are yet to be written, by whichever connection."""

    table: str
    columns: str
    rows: list[list[Any]]
    ids: list[int]

    def store(self) -> None:
        """Write them. Call inside a transaction. Raises: IntegrityError, and then none of the rows is there."""
        if self.rows:
            _insert(self.table, self.columns, self.rows)


def prepare_rows(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> Insertion:
    """Rows as `insert_rows` would write them, with the ids that nobody else will get."""
    if not rows:
        return Insertion("", "", [], [])
    fields = {field.attname: field for field in model._meta.concrete_fields}
    defaults = {name: field.get_default() for name, field in fields.items() if name not in names and name != "id"}
    columns = ["id", *names, *defaults]
    ids = _draw_ids(model._meta.db_table, len(rows))
    tail = [_adapted(fields[name], value) for name, value in defaults.items()]
    to_adapt = [(place, adapt) for place, name in enumerate(names, start=1) if (adapt := _adapter(fields[name]))]
    adapted = [[pk, *row, *tail] for pk, row in zip(ids, rows, strict=True)]
    for values in adapted:
        for place, adapt in to_adapt:
            values[place] = adapt(values[place])
    quoted = ", ".join(connection.ops.quote_name(str(fields[name].column)) for name in columns)
    return Insertion(connection.ops.quote_name(model._meta.db_table), quoted, adapted, ids)


def count_anew(*tables: type[models.Model]) -> None:
    """Let PostgreSQL look at tables that many rows were added to.

    Until it has, which left to itself takes it a minute, it takes them for nearly empty and sorts all that is open for
    each comparison it hands out. SQLite is told in the statements themselves.
    """
    if connection.vendor == "postgresql":
        names = ", ".join(connection.ops.quote_name(model._meta.db_table) for model in tables)
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {names}")


def _draw_ids(table: str, count: int) -> list[int]:
    """Ids nobody else will get: from the sequence, or, where one transaction writes at a time, after the last one."""
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
        last = found[0] if found else 0
        return list(range(last + 1, last + 1 + count))


def _insert(table: str, columns: str, rows: list[list[Any]]) -> None:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with connection.wrap_database_errors, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(rows[0]))
            cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608  our own names


def _adapter(field: models.Field) -> Callable[[Any], Any] | None:
    """How the engine wants a value of this field; None where it takes it as it is."""
    if isinstance(field, models.JSONField):
        return _json
    if connection.vendor == "sqlite":
        if isinstance(field, models.DateTimeField):
            return _sqlite_time
        if isinstance(field, models.UUIDField):
            return _sqlite_uuid
    return None


def _adapted(field: models.Field, value: Any) -> Any:
    adapt = _adapter(field)
    return adapt(value) if adapt else value


def _json(value: Any) -> str:
    """JSON as Django writes it; most values of most rows are empty."""
    return _EMPTY[type(value)] if not value and type(value) in _EMPTY else json.dumps(value)


def _sqlite_time(value: datetime | None) -> str | None:
    return connection.ops.adapt_datetimefield_value(value)


def _sqlite_uuid(value: UUID | None) -> str | None:
    return value.hex if value else None
