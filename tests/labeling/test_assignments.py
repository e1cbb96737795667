"""Leases: who gets what, for how long, and what becomes of a lease that ran out."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.errors import AssignmentClosed, NothingToUndo
from labeling.models import Assignment, Comparison, Judgment
from labeling.services.assignments import lease_next, release, renew_lease, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_project

pytestmark = pytest.mark.django_db


def open_slots(comparison):
    return Comparison.objects.get(pk=comparison.pk).open_slots


def expire(assignment):
    Assignment.objects.filter(pk=assignment.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


def judge(assignment, order=None):
    ids = order or assignment.shown_order
    verdict = Verdict(ranking=tuple((response,) for response in ids))
    return submit_judgment(assignment=assignment, verdict=verdict, client_id=uuid.uuid4()).judgment


def test_a_lease_takes_a_slot_and_asking_again_returns_the_same_lease():
    project = make_project()
    comparison = make_comparison(project)
    annotator = make_member(project)
    first = lease_next(project=project, annotator=annotator)
    again = lease_next(project=project, annotator=annotator)
    assert first.pk == again.pk
    assert again.expires_at >= first.expires_at
    assert open_slots(comparison) == 0


def test_nothing_is_left_for_a_second_person_when_one_judgment_is_wanted():
    project = make_project()
    make_comparison(project)
    lease_next(project=project, annotator=make_member(project))
    assert lease_next(project=project, annotator=make_member(project)) is None


def test_nobody_is_handed_the_same_comparison_twice():
    project = make_project(judgments_per_comparison=3)
    make_comparison(project)
    annotator = make_member(project)
    judge(lease_next(project=project, annotator=annotator))
    assert lease_next(project=project, annotator=annotator) is None


def test_a_higher_priority_is_handed_out_first():
    project = make_project()
    make_comparison(project)
    urgent = make_comparison(project, priority=5.0)
    assert lease_next(project=project, annotator=make_member(project)).comparison_id == urgent.pk


def test_the_order_shown_holds_each_response_once_and_differs_between_people():
    project = make_project(judgments_per_comparison=30)
    comparison = make_comparison(project, k=4)
    orders = [lease_next(project=project, annotator=make_member(project)).shown_order for _ in range(30)]
    responses = sorted(comparison.responses.values_list("pk", flat=True))
    assert all(sorted(order) == responses for order in orders)
    assert len({tuple(order) for order in orders}) > 1


def test_an_expired_lease_goes_to_the_next_person():
    project = make_project()
    comparison = make_comparison(project)
    left = lease_next(project=project, annotator=make_member(project))
    expire(left)
    taken = lease_next(project=project, annotator=make_member(project))
    assert taken.comparison_id == comparison.pk
    left.refresh_from_db()
    assert left.state == "expired"
    assert open_slots(comparison) == 0


def test_an_expired_lease_that_nobody_wanted_is_renewed_for_its_holder():
    project = make_project()
    make_comparison(project)
    annotator = make_member(project)
    left = lease_next(project=project, annotator=annotator)
    expire(left)
    assert lease_next(project=project, annotator=annotator).pk == left.pk


def test_a_heartbeat_pushes_the_end_and_is_refused_after_release():
    project = make_project(lease_seconds=60)
    make_comparison(project)
    lease = lease_next(project=project, annotator=make_member(project))
    before = lease.expires_at
    assert renew_lease(assignment=lease).expires_at > before
    release(assignment=lease)
    with pytest.raises(AssignmentClosed):
        renew_lease(assignment=lease)


def test_a_released_comparison_may_come_back_to_the_same_person():
    project = make_project()
    comparison = make_comparison(project)
    annotator = make_member(project)
    release(assignment=lease_next(project=project, annotator=annotator))
    assert lease_next(project=project, annotator=annotator).comparison_id == comparison.pk


def test_a_skipped_comparison_goes_to_others_and_not_back():
    project = make_project()
    comparison = make_comparison(project)
    annotator = make_member(project)
    skip(assignment=lease_next(project=project, annotator=annotator), reason="I cannot read it")
    assert lease_next(project=project, annotator=annotator) is None
    assert lease_next(project=project, annotator=make_member(project)).comparison_id == comparison.pk


def test_undo_opens_the_last_judgment_and_the_earlier_answer_stands_until_replaced():
    project = make_project()
    comparison = make_comparison(project)
    annotator = make_member(project)
    lease = lease_next(project=project, annotator=annotator)
    first = judge(lease)
    reopened = reopen_last(project=project, annotator=annotator)
    assert reopened.pk == lease.pk
    assert lease_next(project=project, annotator=annotator).pk == lease.pk
    second = judge(reopened, order=list(reversed(lease.shown_order)))
    assert second.supersedes == first
    assert second.revision == 2
    assert open_slots(comparison) == 0


def test_an_undone_judgment_whose_lease_runs_out_stands_as_it_was():
    project = make_project()
    comparison = make_comparison(project)
    annotator = make_member(project)
    judge(lease_next(project=project, annotator=annotator))
    reopened = reopen_last(project=project, annotator=annotator)
    expire(reopened)
    assert lease_next(project=project, annotator=make_member(project)) is None
    reopened.refresh_from_db()
    assert reopened.state == "done"
    assert open_slots(comparison) == 0


def test_skipping_an_undone_judgment_withdraws_it_and_frees_its_slot():
    project = make_project()
    comparison = make_comparison(project)
    annotator = make_member(project)
    first = judge(lease_next(project=project, annotator=annotator))
    skip(assignment=reopen_last(project=project, annotator=annotator), reason="a slip")
    withdrawal = Judgment.objects.get(supersedes=first)
    assert withdrawal.is_retraction
    assert open_slots(comparison) == 1
    assert lease_next(project=project, annotator=make_member(project)).comparison_id == comparison.pk


def test_undo_without_a_judgment_says_so():
    project = make_project()
    with pytest.raises(NothingToUndo):
        reopen_last(project=project, annotator=make_member(project))


@pytest.mark.parametrize("slots", [-1, 2])
def test_the_database_keeps_open_slots_between_nought_and_the_target(slots):
    comparison = make_comparison(make_project())
    with pytest.raises(IntegrityError), transaction.atomic():
        Comparison.objects.filter(pk=comparison.pk).update(open_slots=slots)


def test_the_database_refuses_two_live_assignments_of_one_person():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    lease = lease_next(project=project, annotator=make_member(project))
    lease.pk = uuid.uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        lease.save(force_insert=True)
