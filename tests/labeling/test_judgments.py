"""Storing a verdict: exactly once, never edited, never lost."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from labeling.errors import AssignmentClosed, InvalidVerdict, VerdictConflict
from labeling.models import Assignment, Judgment
from labeling.models.append_only import AppendOnlyViolation
from labeling.services.assignments import lease_next, release, skip
from labeling.services.judgments import submit_judgment
from labeling.triggers import ACTIONS, APPEND_ONLY_TABLES, installed_triggers
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_project

pytestmark = pytest.mark.django_db


@pytest.fixture
def lease():
    project = make_project("ranking", instrument={"attributes": [{"name": "truth", "lowest": 0, "highest": 4}]})
    make_comparison(project, k=3)
    return lease_next(project=project, annotator=make_member(project))


def verdict_for(lease, **fields):
    fields.setdefault("ranking", tuple((response,) for response in lease.shown_order))
    return Verdict(**fields)


def submit(lease, verdict=None, client_id=None):
    return submit_judgment(assignment=lease, verdict=verdict or verdict_for(lease), client_id=client_id or uuid.uuid4())


def test_a_verdict_is_stored_as_given_with_what_was_shown(lease):
    a, b, c = lease.shown_order
    verdict = Verdict(
        ranking=((c,), (a, b)),
        strength=2,
        ratings={a: {"truth": 3}},
        flags=("harmful",),
        reason="왜냐하면",
        dwell_ms=41_000,
    )
    stored = submit(lease, verdict).judgment
    stored.refresh_from_db()
    assert stored.ranking == [[c], [a, b]]
    assert stored.ratings == {str(a): {"truth": 3.0}}
    assert (stored.strength, stored.flags, stored.reason, stored.dwell_ms) == (2, ["harmful"], "왜냐하면", 41_000)
    assert stored.shown_order == lease.shown_order
    assert stored.guideline_version.number == 1


def test_a_second_submit_with_the_same_key_stores_nothing_and_answers_the_same(lease):
    key = uuid.uuid4()
    first = submit(lease, client_id=key)
    again = submit(lease, client_id=key)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.judgment == again.judgment
    assert Judgment.objects.count() == 1


def test_the_same_verdict_under_a_new_key_is_the_same_again(lease):
    submit(lease)
    assert submit(lease).is_new is False
    assert Judgment.objects.count() == 1


def test_the_same_key_with_another_verdict_is_refused(lease):
    key = uuid.uuid4()
    submit(lease, client_id=key)
    with pytest.raises(VerdictConflict):
        submit(lease, verdict_for(lease, strength=1), client_id=key)
    assert Judgment.objects.count() == 1


def test_another_verdict_on_an_answered_comparison_is_refused(lease):
    submit(lease)
    with pytest.raises(AssignmentClosed):
        submit(lease, verdict_for(lease, strength=1))


@pytest.mark.parametrize("close", [release, lambda assignment: skip(assignment=assignment, reason="no")])
def test_a_verdict_on_a_released_or_skipped_comparison_is_refused(lease, close):
    close(assignment=lease)
    with pytest.raises(AssignmentClosed):
        submit(lease)


def run_out(lease):
    Assignment.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def test_a_late_verdict_on_a_lease_nobody_took_counts(lease):
    run_out(lease)
    assert submit(lease).judgment.is_surplus is False


def test_a_late_verdict_is_kept_as_surplus_when_the_slot_went_to_someone_else(lease):
    run_out(lease)
    other = lease_next(project=lease.project, annotator=make_member(lease.project))
    assert submit(lease).judgment.is_surplus is True
    assert submit(other).judgment.is_surplus is False


def test_a_late_verdict_takes_the_slot_that_was_given_back(lease):
    run_out(lease)
    release(assignment=lease_next(project=lease.project, annotator=make_member(lease.project)))
    assert submit(lease).judgment.is_surplus is False
    lease.comparison.refresh_from_db()
    assert lease.comparison.open_slots == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"ranking": ()},
        {"ranking": ((-1,),)},
        {"strength": 4},
        {"strength": True},
        {"ratings": {-1: {"truth": 1}}},
        {"dwell_ms": -5},
        {"flags": ("x" * 61,)},
        {"reason": "x" * 20_001},
    ],
)
def test_a_verdict_that_does_not_fit_is_refused_and_stores_nothing(lease, fields):
    with pytest.raises(InvalidVerdict):
        submit(lease, verdict_for(lease, **fields))
    assert Judgment.objects.count() == 0


@pytest.mark.parametrize("values", [{"truth": 5}, {"beauty": 1}, {"truth": float("nan")}])
def test_a_rating_outside_the_instrument_is_refused(lease, values):
    with pytest.raises(InvalidVerdict):
        submit(lease, verdict_for(lease, ratings={lease.shown_order[0]: values}))


def test_a_tie_is_refused_where_ties_are_not_allowed(lease):
    lease.project.instrument.allows_ties = False
    with pytest.raises(InvalidVerdict):
        submit(lease, Verdict(ranking=(tuple(lease.shown_order),)))


def test_all_bad_needs_no_ranking(lease):
    assert submit(lease, Verdict(all_bad=True)).judgment.ranking == []


def test_judgments_refuse_update_and_delete_in_the_database_itself(lease):
    stored = submit(lease).judgment
    for statement in ("UPDATE labeling_judgment SET strength = 3", "DELETE FROM labeling_judgment"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    stored.refresh_from_db()
    assert stored.strength is None


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored.save(),
        lambda stored: stored.delete(),
        lambda stored: Judgment.objects.update(strength=3),
        lambda stored: Judgment.objects.all().delete(),
    ],
)
def test_judgments_refuse_update_and_delete_in_the_model(lease, change):
    stored = submit(lease).judgment
    with pytest.raises(AppendOnlyViolation):
        change(stored)


def test_every_append_only_table_has_its_triggers_after_all_migrations():
    assert len(installed_triggers(connection)) == len(APPEND_ONLY_TABLES) * len(ACTIONS)


def test_the_database_refuses_a_second_first_revision_of_one_person(lease):
    stored = submit(lease).judgment
    stored.pk = None
    stored.client_id = uuid.uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        stored.save(force_insert=True)
