"""What was ended for a deadlock is begun again, and nothing else is."""

import json
from datetime import timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import OperationalError, connection, transaction

from labeling.deadlocks import DEADLOCK, TRIES, again_after_deadlock
from labeling.invariants import find_violations
from labeling.models import Assignment, Judgment, Review
from labeling.services.adjudication import adjudicate, leave_adjudication, open_adjudication
from labeling.services.assignments import (
    hold,
    lease_next,
    reclaim_expired,
    release,
    renew_held,
    renew_lease,
    reopen,
    reopen_last,
    skip,
)
from labeling.services.corrections import reopen_if_stored
from labeling.services.judgments import submit_and_lease, submit_judgment
from labeling.services.qualification import accept_guidelines, answer_step, lease_step
from labeling.services.reviews import accept, return_judgment, seen_state
from labeling.verdicts import Verdict
from tests.engines import fresh_database, run_python
from tests.factories import make_comparison, make_gold, make_member, make_project


class Ended(Exception):
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


def ended(times: int, sqlstate: str = DEADLOCK) -> tuple[list[int], object]:
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


class EndedOnce:
    """Ends the first statement that writes, after it was done, as PostgreSQL ends a transaction for a deadlock."""

    def __init__(self) -> None:
        self.has_ended = False

    def __call__(self, execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        result = execute(sql, params, many, context)
        if not self.has_ended and sql.split(maxsplit=1)[0] in ("INSERT", "UPDATE"):
            self.has_ended = True
            raise OperationalError("deadlock detected") from Ended(DEADLOCK)
        return result


def answer_of(lease):
    ranking = tuple((response,) for response in sorted(lease.shown_order))
    return {"assignment": lease, "verdict": Verdict(ranking=ranking), "client_id": uuid4()}


def leased():
    project = make_project(judgments_per_comparison=2, most_judgments=3)
    for _ in range(2):
        make_comparison(project)
    return lease_next(project=project, annotator=make_member(project))


def answered():
    return submit_judgment(**answer_of(leased())).judgment


def adjudicated():
    """A lease for a verdict of a reviewer's own."""
    judgment = answered()
    reviewer = make_member(judgment.project, "reviewer")
    return open_adjudication(comparison=judgment.comparison, reviewer=reviewer)


def in_practice():
    project = make_project(requires_practice=True)
    make_gold(project, use="practice")
    return make_member(project), project


def answering():
    lease = leased()
    return lease.project, partial(submit_judgment, **answer_of(lease))


def answering_and_asking():
    lease = leased()
    return lease.project, partial(submit_and_lease, **answer_of(lease))


def asking():
    lease = leased()
    return lease.project, partial(hold, project=lease.project, annotator=lease.annotator, count=2)


def keeping_one():
    lease = leased()
    return lease.project, partial(renew_lease, assignment=lease)


def keeping_all():
    lease = leased()
    return lease.project, partial(renew_held, project=lease.project, annotator=lease.annotator)


def giving_back():
    lease = leased()
    return lease.project, partial(release, assignment=lease)


def skipping():
    lease = leased()
    return lease.project, partial(skip, assignment=lease, reason="unclear")


def skipping_what_was_answered():
    lease = reopen(assignment=answered().assignment)
    return lease.project, partial(skip, assignment=lease, reason="unclear")


def taking_back():
    judgment = answered()
    return judgment.project, partial(reopen_last, project=judgment.project, annotator=judgment.annotator)


def doing_again():
    judgment = answered()
    return judgment.project, partial(reopen, assignment=judgment.assignment)


def correcting():
    judgment = answered()
    named = [str(judgment.client_id)]
    return judgment.project, partial(reopen_if_stored, assignment=judgment.assignment, client_ids=named)


def taking_back_what_expired():
    lease = leased()
    later = lease.expires_at + timedelta(minutes=1)
    return lease.project, partial(reclaim_expired, project=lease.project, now=later)


def letting_stand():
    judgment = answered()
    reviewer, seen = make_member(judgment.project, "reviewer"), seen_state(judgment.comparison)
    return judgment.project, partial(accept, comparison=judgment.comparison, reviewer=reviewer, seen=seen)


def returning():
    judgment = answered()
    said = {"comment": "Look again.", "seen": seen_state(judgment.comparison)}
    reviewer = make_member(judgment.project, "reviewer")
    return judgment.project, partial(return_judgment, judgment=judgment, reviewer=reviewer, **said)


def beginning_to_adjudicate():
    judgment = answered()
    reviewer = make_member(judgment.project, "reviewer")
    return judgment.project, partial(open_adjudication, comparison=judgment.comparison, reviewer=reviewer)


def adjudicating():
    lease = adjudicated()
    return lease.project, partial(adjudicate, **answer_of(lease))


def leaving_it():
    lease = adjudicated()
    return lease.project, partial(leave_adjudication, comparison=lease.comparison, reviewer=lease.annotator)


def practising():
    person, project = in_practice()
    return project, partial(lease_step, project=project, person=person)


def answering_in_practice():
    person, project = in_practice()
    return project, partial(answer_step, **answer_of(lease_step(project=project, person=person)))


def accepting_guidelines():
    lease = leased()
    return lease.project, partial(accept_guidelines, project=lease.project, person=lease.annotator, number=1)


WRITING = [
    answering,
    answering_and_asking,
    asking,
    keeping_one,
    keeping_all,
    giving_back,
    skipping,
    skipping_what_was_answered,
    taking_back,
    doing_again,
    correcting,
    taking_back_what_expired,
    letting_stand,
    returning,
    beginning_to_adjudicate,
    adjudicating,
    leaving_it,
    practising,
    answering_in_practice,
    accepting_guidelines,
]


def stored(project):
    leases = Assignment.objects.filter(project=project)
    return {
        "judgments": list(Judgment.objects.filter(project=project).values_list("revision", "is_retraction")),
        "leases": sorted(leases.values_list("purpose", "state", "is_reopened")),
        "reviews": Review.objects.filter(project=project).count(),
        "slots": sorted(project.comparisons.values_list("open_slots", "target_judgments")),
        "tries": sorted(project.qualifications.values_list("attempt", "state")),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("situation", WRITING)
def test_whatever_people_send_is_stored_once_though_its_first_try_was_ended(situation) -> None:
    undisturbed, write = situation()
    write()
    project, write = situation()
    with connection.execute_wrapper(ended := EndedOnce()):
        write()
    assert ended.has_ended
    assert stored(project) == stored(undisturbed)
    assert list(find_violations()) == []


@pytest.mark.postgres
def test_an_answer_a_skip_and_an_adjudication_survive_a_deadlock_of_postgresql(tmp_path) -> None:
    with fresh_database("postgresql", tmp_path) as environment:
        printed = run_python(["-m", "tests.labeling.deadlock"], environment)
    assert json.loads(printed.splitlines()[-1]) == {
        "answer": {"was_ended": True, "stored": "done"},
        "skip": {"was_ended": True, "stored": "skipped"},
        "adjudication": {"was_ended": True, "stored": "done"},
    }
