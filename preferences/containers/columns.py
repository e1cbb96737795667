"""The type of a table's column, taken from the first rows so that no later row can change it.

Texts, whole numbers, numbers, booleans, lists of these and lists of chat messages have types of their own. Everything
else, and what differs from row to row, is JSON, Parquet's own type for that, and JSON can hold anything later on.
"""

from collections.abc import Container, Iterable
from typing import Any

from preferences.containers.limits import Row
from preferences.errors import UnwritableRow

# A kind is one of these words, or ("list", kind).
Kind = str | tuple[str, Any]
JSON = "JSON"
NULL = "null"
MESSAGE = "message"
_SCALARS = {type(None): NULL, bool: "boolean", int: "whole number", float: "number", str: "text"}
_INT64 = range(-(2**63), 2**63)


def kind_of(value: Any) -> Kind:
    """The narrowest kind that holds a value."""
    if isinstance(value, list):
        return _list_of(kind_of_all(value))
    if isinstance(value, dict):
        is_message = value.keys() == {"role", "content"} and all(isinstance(text, str) for text in value.values())
        return MESSAGE if is_message else JSON
    if isinstance(value, int) and value not in _INT64:
        return JSON
    return _SCALARS.get(type(value), JSON)


def kind_of_all(values: Iterable[Any]) -> Kind:
    """The narrowest kind that holds each of the values."""
    kind: Kind = NULL
    for value in values:
        kind = merged(kind, kind_of(value))
    return kind


def merged(one: Kind, other: Kind) -> Kind:
    """The narrowest kind that holds what either holds."""
    if other in (one, NULL):
        return one
    if one == NULL:
        return other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return _list_of(merged(one[1], other[1]))
    return "number" if {one, other} == {"whole number", "number"} else JSON


def settled(kind: Kind) -> Kind:
    """The kind of a column: JSON where the first rows did not tell."""
    is_unknown = isinstance(kind, tuple) and _innermost(kind) == NULL
    return JSON if is_unknown or kind in (NULL, MESSAGE) else kind


def check_columns(row: Row, columns: Container[str]) -> None:
    """Raises: UnwritableRow for a field that no column is there for."""
    for name in row:
        if name not in columns:
            raise UnwritableRow(f"it has “{name}”, which the first rows do not have. JSONL can hold it")


def _list_of(kind: Kind) -> Kind:
    return JSON if kind == JSON else ("list", kind)


def _innermost(kind: Kind) -> Kind:
    return _innermost(kind[1]) if isinstance(kind, tuple) else kind


def described(kind: Kind) -> str:
    """The kind in words, as in “it is a list of texts”."""
    return f"a list, each item {described(kind[1])}" if isinstance(kind, tuple) else f"a {kind}"
