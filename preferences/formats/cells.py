"""Values of a table as a field mapping asks for them, whatever way the table writes numbers and truths."""

from collections.abc import Mapping
from typing import Any

from preferences.errors import InvalidRow

_TRUE, _FALSE = {"true", "yes", "y", "1"}, {"false", "no", "n", "0", ""}
_LARGEST = 1e9


def value_of(row: Mapping[str, Any], column: str | None) -> Any:
    """A column's value: its own name first, then as a path with dots through objects and lists; None for no column."""
    if column is None or column in row:
        return None if column is None else row[column]
    value: Any = row
    for part in column.split("."):
        if isinstance(value, Mapping):
            value = value.get(part)
        elif isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def values_of(row: Mapping[str, Any], columns: str | tuple[str, ...]) -> list[tuple[str, Any]]:
    """The named values of several columns, or the items of one that holds a list; what is no list is one item."""
    if isinstance(columns, tuple):
        return [(column, value_of(row, column)) for column in columns]
    value = value_of(row, columns)
    if value is None:
        raise InvalidRow(f"The field “{columns}” is missing.")
    listed = value if isinstance(value, list) else [value]
    return [(f"{columns}, {place}", item) for place, item in enumerate(listed, start=1)]


def number_in(row: Mapping[str, Any], column: str | None) -> float | None:
    return as_number(value_of(row, column), str(column))


def as_number(value: Any, name: str) -> float | None:
    """A number, also where a table writes it as text; None for an empty cell."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _LARGEST:
        raise InvalidRow(f"“{name}” is not a number.", reason="bad-judgment")
    return int(value) if value == int(value) else value


def as_word(value: Any) -> Any:
    """A value as a mapping's keys and names write it: 1.0 is “1”, true is “true”; what is no word stays as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and abs(value) <= _LARGEST:
        return str(int(value)) if value == int(value) else str(value)
    return value


def truth_in(row: Mapping[str, Any], column: str) -> bool:
    value = value_of(row, column)
    word = "" if value is None else str(as_word(value)).strip().lower()
    if word not in _TRUE | _FALSE:
        raise InvalidRow(f"“{column}” is {value!r}, neither true nor false.", reason="bad-judgment")
    return word in _TRUE
