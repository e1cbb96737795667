"""What was ended for a deadlock is begun again, and nothing else is."""

import pytest
from django.db import OperationalError, transaction

from labeling.deadlocks import TRIES, again_after_deadlock


class Ended(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def ended(times: int, sqlstate: str = "40P01") -> tuple[list[int], object]:
    calls: list[int] = []

    @again_after_deadlock
    def work() -> int:
        calls.append(1)
        if len(calls) <= times:
            raise OperationalError("ended") from Ended(sqlstate)
        return len(calls)

    return calls, work


@pytest.mark.django_db(transaction=True)
def test_a_deadlock_is_tried_again_a_few_times() -> None:
    _calls, work = ended(2)
    assert work() == 3  # type: ignore[operator]
    calls, work = ended(99)
    with pytest.raises(OperationalError):
        work()  # type: ignore[operator]
    assert len(calls) == TRIES


@pytest.mark.django_db(transaction=True)
def test_other_failures_and_a_callers_transaction_are_left_alone() -> None:
    calls, work = ended(1, "57014")
    with pytest.raises(OperationalError):
        work()  # type: ignore[operator]
    inside, work_inside = ended(1)
    with pytest.raises(OperationalError), transaction.atomic():
        work_inside()  # type: ignore[operator]
    assert (len(calls), len(inside)) == (1, 1)
