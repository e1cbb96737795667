"""How much one person may judge, by the day and in all, and what they are told when that is reached."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import Assignment, Membership
from labeling.services.assignments import hold, lease_next, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.services.nothing import Reason, why_nothing
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_project

pytestmark = pytest.mark.django_db


def judge(lease):
    verdict = Verdict(ranking=tuple((response,) for response in lease.shown_order))
    submit_judgment(assignment=lease, verdict=verdict, client_id=uuid.uuid4())


def project_of(comparisons, **fields):
    project = make_project(**fields)
    for _ in range(comparisons):
        make_comparison(project)
    return project


def limit(person, **fields):
    Membership.objects.filter(person=person).update(**fields)


def judge_all(project, person):
    judged = 0
    while (lease := lease_next(project=project, annotator=person)) is not None:
        judge(lease)
        judged += 1
    return judged


def test_the_projects_daily_quota_is_kept_and_said():
    project = project_of(5, daily_quota=2)
    person = make_member(project)
    assert judge_all(project, person) == 2
    nothing = why_nothing(project, person)
    assert nothing.reason == Reason.DAILY_QUOTA
    assert "2" in nothing.sentence


def test_a_members_own_quota_goes_before_the_projects():
    project = project_of(6, daily_quota=2)
    person = make_member(project)
    limit(person, daily_quota=4)
    assert judge_all(project, person) == 4


def test_a_new_day_begins_at_nought():
    project = project_of(5, daily_quota=2)
    person = make_member(project)
    judge_all(project, person)
    Assignment.objects.update(closed_at=timezone.now() - timedelta(days=1))
    assert judge_all(project, person) == 2


def test_what_is_held_counts_towards_the_quota():
    project = project_of(9, daily_quota=3)
    person = make_member(project)
    judge(lease_next(project=project, annotator=person))
    assert len(hold(project=project, annotator=person, count=5)) == 2
    assert len(hold(project=project, annotator=person, count=5)) == 2


def test_an_allocation_is_for_all_days():
    project = project_of(5)
    person = make_member(project)
    limit(person, allocation=3)
    judge_all(project, person)
    Assignment.objects.update(closed_at=timezone.now() - timedelta(days=30))
    assert lease_next(project=project, annotator=person) is None
    assert why_nothing(project, person).reason == Reason.ALLOCATION


def test_a_judgment_taken_back_leaves_room_for_another():
    project = project_of(5, daily_quota=2)
    person = make_member(project)
    judge_all(project, person)
    skip(assignment=reopen_last(project=project, annotator=person), reason="a slip")
    assert judge_all(project, person) == 1


def test_a_judgment_reopened_at_the_quota_can_be_corrected():
    project = project_of(5, daily_quota=1)
    person = make_member(project)
    judge_all(project, person)
    reopened = reopen_last(project=project, annotator=person)
    assert lease_next(project=project, annotator=person).pk == reopened.pk


def test_one_persons_quota_is_not_anothers():
    project = project_of(4, daily_quota=2)
    assert [judge_all(project, make_member(project)) for _ in range(2)] == [2, 2]


def test_an_empty_queue_is_said_as_such():
    project = project_of(1)
    person = make_member(project)
    judge_all(project, person)
    assert why_nothing(project, person).reason == Reason.NOTHING_LEFT


def test_nobody_is_handed_anything_before_they_are_qualified():
    project = project_of(1, requires_acceptance=True)
    person = make_member(project)
    assert lease_next(project=project, annotator=person) is None
    assert why_nothing(project, person).reason == Reason.NOT_QUALIFIED


def test_the_page_says_why_there_is_nothing(client):
    project = project_of(3, daily_quota=1)
    person = make_member(project)
    judge_all(project, person)
    client.force_login(person)
    page = client.get(f"/projects/{project.slug}/label/").content.decode()
    assert "There is more tomorrow." in page
    assert "New ones appear" not in page
