"""Rows read and written by constant SQL, for the few statements that every judgment runs.

Composing a statement costs the ORM some ten times what PostgreSQL takes to run it (docs/log.md); these are composed
once. Models stay the only place that names columns.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.expressions import Col

M = TypeVar("M", bound=models.Model)


class Rows(Generic[M]):
    """Reads a model's rows out of statements written by hand.

    Args:
        alias: of the model's table in those statements.
        without: columns to leave out, by attribute; they are fetched when asked for.
    """

    def __init__(self, model: type[M], alias: str, *, without: Sequence[str] = ()) -> None:
        wanted = [field for field in model._meta.concrete_fields if field.attname not in without]
        self.model = model
        self.names = [field.attname for field in wanted]
        self.columns = ", ".join(f"{alias}.{field.column}" for field in wanted)
        self._fields = wanted
        self._converters: dict[str, list[Callable[[Any], Any] | None]] = {}

    def __len__(self) -> int:
        return len(self.names)

    def read(self, values: Sequence[Any]) -> M:
        """One instance from the values of `columns`, in their order."""
        convert = self._converters.get(connection.vendor) or self._find_converters()
        converted = [
            value if one is None or value is None else one(value) for one, value in zip(convert, values, strict=True)
        ]
        return self.model.from_db(connection.alias, self.names, converted)

    def _find_converters(self) -> list[Callable[[Any], Any] | None]:
        found = [_converter(field) for field in self._fields]
        self._converters[connection.vendor] = found
        return found


def _converter(field: models.Field) -> Callable[[Any], Any] | None:
    """What turns the engine's value into the model's; None where they are the same."""
    column = Col(field.model._meta.db_table, field)
    steps = [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)]
    if not steps:
        return None

    def convert(value: Any) -> Any:
        for step in steps:
            value = step(value, column, connection)
        return value

    return convert


def insert_row(model: type[models.Model], values: Mapping[str, Any], *, unless_there: bool = False) -> Any:
    """Insert one row and return its primary key.

    Args:
        values: by attribute, all columns but a key that the database draws.
        unless_there: return None and insert nothing if a unique constraint has such a row already.
    """
    statement, fields = _insert_statement(model, tuple(values), unless_there)
    adapted = [field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(statement, adapted)
        row = cursor.fetchone()
    if row is None:
        return None
    return model._meta.pk.to_python(row[0])  # type: ignore[union-attr]


@cache
def _insert_statement(
    model: type[models.Model], names: tuple[str, ...], unless_there: bool
) -> tuple[str, list[models.Field]]:
    by_name = {field.attname: field for field in model._meta.concrete_fields}
    fields = [by_name[name] for name in names]
    key = model._meta.pk
    left_out = set(by_name) - set(names) - {key.attname}  # type: ignore[union-attr]
    if left_out:
        raise ValueError(f"{model.__name__} needs a value for {', '.join(sorted(left_out))}.")
    columns = ", ".join(str(field.column) for field in fields)
    marks = ", ".join(["%s"] * len(fields))
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    table = model._meta.db_table
    statement = f"INSERT INTO {table} ({columns}) VALUES ({marks}){conflict} RETURNING {key.column}"  # type: ignore[union-attr]  # noqa: S608  our own names
    return statement, fields
