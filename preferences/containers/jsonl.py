"""JSONL: one JSON object a line."""

import io
import json
from collections.abc import Callable, Iterator
from math import isinf
from typing import Any, NoReturn

from preferences.containers.limits import KEPT_BYTES, Limits, Row
from preferences.containers.lines import capped_lines
from preferences.errors import InvalidRow, InvalidText
from preferences.text import check_texts_within


def read_rows(stream: io.BufferedReader, limits: Limits) -> Iterator[tuple[int, Row | InvalidRow]]:
    """Read lines; blank ones are passed over."""
    for number, line in capped_lines(stream, limits):
        if isinstance(line, InvalidRow):
            yield number, line
        elif text := line.strip():
            yield number, parse_row(text)


def parse_row(line: bytes) -> Row | InvalidRow:
    """Read one line as a JSON object whose texts every engine can hold, or say why it is not one."""
    try:
        return _parsed(line)
    except InvalidRow as refusal:
        refusal.line = line[:KEPT_BYTES]
        return refusal


def parse_json(text: str) -> Any:
    """A JSON value of finite numbers. Raises: ValueError or RecursionError."""
    return _DECODER.decode(text)


def write_json(value: Any, default: Callable[[Any], Any] | None = None) -> str:
    """A JSON value in as few characters as it takes, with `default` for what JSON has no type for.

    Raises: ValueError for a number that is not finite.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=default)


def _parsed(line: bytes) -> Row:
    try:
        row = parse_json(line.decode())
    except UnicodeDecodeError as error:
        sentence = f"The row is not UTF-8: byte {error.start + 1} of the line is wrong."
        raise InvalidRow(sentence, reason="not-utf8") from None
    except json.JSONDecodeError as error:
        raise InvalidRow(f"The row is not JSON: {error.msg} at character {error.colno}.", reason="not-json") from None
    except (ValueError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InvalidRow(f"The row is not JSON that can be read: {why}.", reason="not-json") from None
    if not isinstance(row, dict):
        raise InvalidRow(f"The row is not an object but {_json_name(row)}.", reason="not-an-object")
    if b"\\u" in line:  # only an escape can bring in what UTF-8 and JSON themselves refuse
        try:
            check_texts_within(row)
        except InvalidText as error:
            raise InvalidRow(str(error), reason="bad-text") from None
    return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(f"{digits} is larger than any number can be")
    return number


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _json_name(value: Any) -> str:
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


class JsonlWriter:
    """Rows as lines."""

    def write(self, row: Row) -> bytes:
        return write_json(row).encode() + b"\n"

    def finish(self) -> bytes:
        return b""
