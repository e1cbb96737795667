"""Plans made for the very values that are asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def planned_for_its_values() -> Iterator[None]:
    """Let PostgreSQL plan each statement anew meanwhile.

    A plan that is kept serves any value: it cannot know that `purpose` is one of the few that have a small index, and
    would look for them among all.
    """
    if connection.vendor != "postgresql":
        yield
        return
    connection.ensure_connection()
    threshold = connection.connection.prepare_threshold
    connection.connection.prepare_threshold = None
    try:
        yield
    finally:
        connection.connection.prepare_threshold = threshold
