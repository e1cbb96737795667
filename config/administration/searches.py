"""What the search box of a list looks for: whole values and beginnings, which an index finds."""

from uuid import UUID

from django.db import connection
from django.db.models import Q

from config.administration.lists import Search

LARGEST_NUMBER = 2**63 - 1
LAST_CHARACTER = "\U0010ffff"


def number(*columns: str) -> Search:
    """A whole number that is the value of one of these columns."""

    def search(words: str) -> Q | None:
        digits = words.removeprefix("#")
        if not (digits.isascii() and digits.isdecimal()) or int(digits) > LARGEST_NUMBER:
            return None
        return _any(columns, int(digits))

    return search


def uuid(*columns: str) -> Search:
    """A UUID, with hyphens or without."""

    def search(words: str) -> Q | None:
        try:
            return _any(columns, UUID(words))
        except ValueError:
            return None

    return search


def exactly(*columns: str) -> Search:
    """A text that is the whole value."""
    return lambda words: _any(columns, words)


def beginning(column: str) -> Search:
    """How a text begins, capitals and all. SQLite uses its index for a range and not for LIKE."""

    def search(words: str) -> Q:
        if connection.vendor == "sqlite":
            return Q(**{f"{column}__gte": words, f"{column}__lt": words + LAST_CHARACTER})
        return Q(**{f"{column}__startswith": words})

    return search


def _any(columns: tuple[str, ...], value: object) -> Q:
    found = Q()
    for column in columns:
        found |= Q(**{column: value})
    return found
