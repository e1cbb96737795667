"""Reading the keys of a field mapping: each names the key when it is not what it should be."""

from collections.abc import Callable
from typing import Any, TypeVar

from preferences.errors import InvalidMapping

MeantT = TypeVar("MeantT")
Columns = str | tuple[str, ...]  # one column that holds a list, or one for each response


def column(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value:
        raise InvalidMapping(f"“{name}” is {value!r}; it names a column.")
    return value


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidMapping(f"“{name}” is {value!r}, not a text.")
    return value


def columns(value: Any, name: str) -> tuple[str, ...]:
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not listed:
        raise InvalidMapping(f"“{name}” is {value!r}; it names a column, or several in a list.")
    return tuple(column(each, name) for each in listed)


def list_or_columns(value: Any, name: str) -> Columns:
    return column(value, name) if isinstance(value, str) else columns(value, name)


def two_columns(value: Any, name: str) -> tuple[str, ...]:
    named = columns(value, name)
    if len(named) != 2:
        raise InvalidMapping(f"“{name}” names {len(named)} columns; it is two, the earlier time first.")
    return named


def one_of(*allowed: str) -> Callable[[Any, str], str]:
    def read(value: Any, name: str) -> str:
        if value not in allowed:
            raise InvalidMapping(f"“{name}” is {value!r}; it is one of {', '.join(allowed)}.")
        return str(value)

    return read


def truth(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidMapping(f"“{name}” is {value!r}; it is true or false.")
    return value


def number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidMapping(f"“{name}” is {value!r}, not a number.")
    return value


def whole(lowest: int, highest: int) -> Callable[[Any, str], int]:
    def read(value: Any, name: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            raise InvalidMapping(f"“{name}” is {value!r}, not a whole number from {lowest} to {highest}.")
        return value

    return read


def table(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidMapping(f"{name} is not a table of keys and values.")
    return value


def table_of(read: Callable[[Any, str], MeantT]) -> Callable[[Any, str], dict[str, MeantT]]:
    return lambda value, name: {key: read(item, f"{name}, {key}") for key, item in table(value, f"“{name}”").items()}


def renamed_columns(value: Any, name: str) -> dict[str, str]:
    if isinstance(value, dict):
        return table_of(column)(value, name)
    return {each: each for each in columns(value, name)}
