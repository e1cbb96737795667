"""Transactions that PostgreSQL ends because they and another one wait for each other, begun again."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection

DEADLOCK = "40P01"
TRIES = 4

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def again_after_deadlock(work: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Let a function whose transactions are its own begin again when one of them was ended for a deadlock.

    Two people who take the same comparison can meet in one even where nobody holds a lock and locked rows are skipped:
    of a row that was just updated, one locks the new version and wants the old one, and the other the other way round.
    Within a transaction of the caller nothing is tried again.
    """

    @wraps(work)
    def tried(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        for _try in range(TRIES - 1):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                if connection.in_atomic_block or getattr(error.__cause__, "sqlstate", None) != DEADLOCK:
                    raise
        return work(*args, **kwargs)

    return tried
