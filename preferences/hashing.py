"""One way to write a value as bytes, so that the same data has the same hash on every engine and machine."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from preferences.errors import InvalidText, PreferenceError

_quoted = json.encoder.encode_basestring  # what the encoder itself makes of a text
_TEXT = {str}


def _written(value: Any) -> str:
    """Write a value in one pass, whole floats as integers: PostgreSQL's jsonb gives 1e16 back as 10000000000000000."""
    write = _WRITERS.get(type(value))
    return write(value) if write else _written_otherwise(value)


def _written_otherwise(value: Any) -> str:
    """A value whose type stands for another."""
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return _WRITERS[kind](value)
    if isinstance(value, Mapping):
        return _mapping(value)
    if isinstance(value, Iterable):
        return _sequence(list(value))
    raise PreferenceError(f"{type(value).__name__} is not a value that JSON can hold.")


def _sequence(value: Sequence[Any]) -> str:
    return "[" + ",".join([_written(item) for item in value]) + "]" if value else "[]"


def _mapping(value: Mapping[Any, Any]) -> str:
    if not value:
        return "{}"
    by_name = value if set(map(type, value)) <= _TEXT else {str(key): item for key, item in value.items()}
    return "{" + ",".join([f"{_quoted(name)}:{_written(by_name[name])}" for name in sorted(by_name)]) + "}"


def _number(value: float) -> str:
    if not isfinite(value):
        raise PreferenceError(f"{value} is not a number that JSON can hold.")
    return str(int(Decimal(repr(value)))) if value.is_integer() else float.__repr__(value)


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _quoted,
    int: int.__repr__,
    float: _number,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
    list: _sequence,
    tuple: _sequence,
    dict: _mapping,
}


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise InvalidText(f"The text holds a lone surrogate (U+{ord(text[error.start]):04X}).") from None


def canonical_json(value: Any) -> bytes:
    """Write a JSON value in the one form that is hashed: sorted keys, no spaces, UTF-8, no escapes but the needed.

    Text is taken as it is (no Unicode normalisation). Whole numbers are written as integers, so `1.0` and `1` are
    one value: engines disagree on which of the two they give back.

    Returns: `b'{"a":[1,2.5]}'` for `{"a": (1.0, 2.5)}`.
    Raises: InvalidText for a lone surrogate; PreferenceError for NaN, infinity or what is not JSON.
    """
    try:
        return _utf8(_written(value))
    except RecursionError:
        raise PreferenceError("The value is nested too deeply.") from None


def prompt_hash(messages: Sequence[Mapping[str, Any]], documents: Sequence[Any] = ()) -> str:
    """Name a prompt by what it says: sha256, 64 hexadecimal digits, over the canonical JSON of its messages.

    Context documents are part of what is asked: with them, it is the hash of both.
    """
    asked = {"documents": documents, "messages": messages} if documents else messages
    return hashlib.sha256(canonical_json(asked)).hexdigest()


def response_hash(content: str) -> str:
    """Name a response by what it says, whichever policy said it: sha256 of its UTF-8 bytes."""
    return hashlib.sha256(_utf8(content)).hexdigest()


def comparison_hash(prompt: str, responses: Iterable[str]) -> str:
    """Name a comparison by its prompt's hash and its responses' hashes, in whatever order these come."""
    return hashlib.sha256("\n".join([prompt, *sorted(responses)]).encode()).hexdigest()
