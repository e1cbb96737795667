"""Where one page of a list ends: the values by which its last row stands in the order."""

import json
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Field, Model, Q


class InvalidCursor(ValueError):
    """An address names a place in a list that cannot be read."""


def cursor_of(row: Model, ordering: Sequence[str]) -> str:
    """The place of a row in an order of columns that are never null."""
    values = [getattr(row, _column(type(row), name).attname) for name in ordering]
    return json.dumps(values, cls=ExactEncoder, ensure_ascii=False, separators=(",", ":"))


def behind(model: type[Model], ordering: Sequence[str], cursor: str) -> Q:
    """The rows that come after a place. The bound on the first column is said apart, for an index to start there.

    Raises: InvalidCursor.
    """
    try:
        values = json.loads(cursor)
        places = [(name, _column(model, name).to_python(value)) for name, value in zip(ordering, values, strict=True)]
    except (ValueError, TypeError, ValidationError):
        raise InvalidCursor(cursor) from None
    (last, value), *before = reversed(places)
    later = Q(**{_beyond(last): value})
    for name, value in before:
        later = Q(**{_beyond(name): value}) | Q(**{name.lstrip("-"): value}) & later
    first, value = places[0]
    return Q(**{f"{_beyond(first)}e": value}) & later if before else later


class ExactEncoder(DjangoJSONEncoder):
    """Times to the microsecond: cut to milliseconds, they would show the last row again."""

    def default(self, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else super().default(value)


def _column(model: type[Model], name: str) -> "Field[Any, Any]":
    plain = name.lstrip("-")
    return model._meta.pk if plain == "pk" else model._meta.get_field(plain)  # type: ignore[return-value]


def _beyond(name: str) -> str:
    return f"{name[1:]}__lt" if name.startswith("-") else f"{name}__gt"
