"""One way to write a value as bytes, so that the same data has the same hash on every engine and machine."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from preferences.errors import InvalidText, PreferenceError

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False, check_circular=False
)

_PLAIN = frozenset({str, int, bool, type(None)})


def _normal(value: Any) -> Any:
    """Write whole floats as integers and keys as text: PostgreSQL's jsonb gives 1e16 back as 10000000000000000."""
    kind = type(value)
    if kind in _PLAIN or isinstance(value, str | int):
        return value
    if kind is dict or isinstance(value, Mapping):
        return {key if type(key) is str else str(key): _normal(item) for key, item in value.items()}
    if isinstance(value, float):
        if not isfinite(value):
            raise PreferenceError(f"{value} is not a number that JSON can hold.")
        return int(Decimal(repr(value))) if value.is_integer() else value
    if kind is list or isinstance(value, Iterable):
        return [_normal(item) for item in value]
    raise PreferenceError(f"{type(value).__name__} is not a value that JSON can hold.")


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
        return _utf8(_ENCODER.encode(_normal(value)))
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
