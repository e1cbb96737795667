"""A person's own page: their figures, told so that no single gold shows, and what reviewers said."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import Assignment, Judgment, Membership, Person, Project, Purpose, Review
from labeling.my_work import agreement_with_gold, agreement_with_oneself, my_work
from labeling.services.assignments import lease_next, reopen
from labeling.services.judgments import submit_judgment
from labeling.services.leases_by_name import lease_by_name
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_gold, make_member, make_person, make_project, make_review

pytestmark = pytest.mark.django_db


def client_of(person: Person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def give(lease: Assignment | None, *, right: bool = True, dwell_ms: int = 30_000) -> Judgment:
    assert lease is not None
    order = sorted(lease.shown_order, reverse=not right)
    verdict = Verdict(ranking=tuple((response,) for response in order), dwell_ms=dwell_ms)
    return submit_judgment(assignment=lease, verdict=verdict, client_id=uuid4()).judgment


def judge_gold(project: Project, person: Person, outcomes: list[bool]) -> None:
    for right in outcomes:
        make_gold(project)
        give(lease_next(project=project, annotator=person), right=right)


@pytest.fixture
def project() -> Project:
    return make_project(daily_quota=40)


@pytest.fixture
def person(project: Project) -> Person:
    return make_member(project)


# ---- figures


def test_what_was_done_and_how_long_it_took_is_counted_by_day_and_week(project: Project, person: Person) -> None:
    for _ in range(3):
        make_comparison(project)
        give(lease_next(project=project, annotator=person), dwell_ms=40_000)
    noon = timezone.localtime().replace(hour=12)
    wednesday = noon + timedelta(days=(2 - noon.weekday()) % 7)
    Assignment.objects.update(closed_at=wednesday)
    work = my_work(project, person, now=wednesday + timedelta(hours=1))
    assert (work.today.done, work.week.done, work.done, work.quota, work.quota_left) == (3, 3, 3, 40, 37)
    tomorrow = my_work(project, person, now=wednesday + timedelta(days=1))
    assert (tomorrow.today.done, tomorrow.week.done) == (0, 3)
    assert my_work(project, person, now=wednesday + timedelta(days=7)).week.done == 0
    assert my_work(project, person).week.active_seconds == 120


def test_ones_own_quota_goes_before_the_projects_and_an_allocation_runs_down(project: Project, person: Person) -> None:
    Membership.objects.filter(person=person).update(daily_quota=5, allocation=2)
    for left in (2, 1, 0):
        work = my_work(project, person)
        assert (work.quota, work.allocation_left) == (5, left)
        if left:
            make_comparison(project)
            give(lease_next(project=project, annotator=person))


def test_agreement_with_gold_is_told_from_ten_on_and_in_tens(project: Project, person: Person) -> None:
    judge_gold(project, person, [True] * 9)
    assert agreement_with_gold(project, person) is None
    judge_gold(project, person, [False])
    told = agreement_with_gold(project, person)
    assert told is not None
    assert (told.share, told.n) == (0.9, 10)
    assert (told.low, told.high) == pytest.approx((0.5958, 0.9821), abs=1e-4)  # Wilson, 9 of 10
    judge_gold(project, person, [False] * 9)
    assert agreement_with_gold(project, person) == told
    judge_gold(project, person, [True])
    again = agreement_with_gold(project, person)
    assert again is not None
    assert (again.share, again.n) == (0.5, 20)


def test_practice_exam_and_other_people_are_no_part_of_it(project: Project, person: Person) -> None:
    judge_gold(project, make_member(project), [True] * 10)
    for use, purpose in (("practice", Purpose.PRACTICE), ("exam", Purpose.EXAM)):
        for _ in range(10):
            give(lease_by_name(comparison=make_gold(project, use=use), annotator=person, purpose=purpose))
    assert agreement_with_gold(project, person) is None
    assert my_work(project, person).done == 0


def test_agreement_with_oneself_counts_the_comparisons_seen_twice(project: Project, person: Person) -> None:
    for number in range(10):
        comparison = make_comparison(project)
        give(lease_next(project=project, annotator=person))
        assert agreement_with_oneself(project, person) is None
        give(lease_by_name(comparison=comparison, annotator=person, purpose=Purpose.REPEAT), right=number >= 3)
    told = agreement_with_oneself(project, person)
    assert told is not None
    assert (told.share, told.n) == (0.7, 10)


# ---- the page


def test_the_page_tells_the_figures_and_nobody_elses(project: Project, person: Person) -> None:
    other = make_member(project, name="Somebody Else")
    make_review(project, other, comment="Said to somebody else.")
    judge_gold(project, person, [True] * 8 + [False] * 2)
    page = client_of(person).get(f"/projects/{project.slug}/me/").content.decode()
    assert "80 %" in page
    assert "between 49 % and 94 %" in page
    for secret in ("Somebody Else", other.email, other.pseudonym, "Said to somebody else."):
        assert secret not in page


def test_before_ten_golds_the_page_shows_a_dash(project: Project, person: Person) -> None:
    judge_gold(project, person, [True] * 9)
    page = client_of(person).get(f"/projects/{project.slug}/me/").content.decode()
    assert "100 %" not in page
    assert "told from ten on" in page


def test_feedback_is_shown_marked_as_read_once_and_counted_on_the_front_page(project: Project, person: Person) -> None:
    make_review(project, person, comment="Look at B again.")
    make_review(project, person, "accepted", comment="")
    client = client_of(person)
    assert "2 judgments of yours were reviewed" in client.get("/").content.decode()
    page = client.get(f"/projects/{project.slug}/me/").content.decode()
    assert "Look at B again." in page
    url = f"/projects/{project.slug}/me/read/"
    assert client.get(url).status_code == 405
    assert client.post(url).status_code == 302
    seen = list(Review.objects.order_by("pk").values_list("seen_at", flat=True))
    assert None not in seen
    assert client.post(url).status_code == 302
    assert list(Review.objects.order_by("pk").values_list("seen_at", flat=True)) == seen
    assert "were reviewed" not in client.get("/").content.decode()


def test_do_it_again_opens_that_very_comparison(project: Project, person: Person) -> None:
    review = make_review(project, person)
    for _ in range(2):
        make_comparison(project)
        give(lease_next(project=project, annotator=person))
    client = client_of(person)
    url = f"/projects/{project.slug}/me/feedback/{review.pk}/again/"
    assert url in client.get(f"/projects/{project.slug}/me/").content.decode()
    assert client.get(url).status_code == 405
    for _ in range(2):
        assert client.post(url)["Location"] == f"/projects/{project.slug}/label/"
    lease = lease_next(project=project, annotator=person)
    assert lease is not None
    assert lease.pk == review.judgment.assignment_id
    give(lease, right=False)
    assert Judgment.objects.filter(supersedes=review.judgment).count() == 1
    page = client.get(f"/projects/{project.slug}/me/").content.decode()
    assert "You have answered it again since." in page
    assert url not in page


def test_a_reviewed_judgment_is_done_again_by_its_maker_alone(project: Project, person: Person) -> None:
    review = make_review(project, person)
    url = f"/projects/{project.slug}/me/feedback/{review.pk}/again/"
    for other in (make_member(project), make_member(project, "manager"), make_person()):
        assert client_of(other).post(url).status_code == 404
    assert Assignment.objects.get(pk=review.judgment.assignment_id).state == "done"


def test_reopening_keeps_the_judgment_until_another_supersedes_it(project: Project, person: Person) -> None:
    make_comparison(project)
    judgment = give(lease_next(project=project, annotator=person))
    for _ in range(2):
        opened = reopen(assignment=judgment.assignment)
        assert (opened.state, opened.is_reopened) == ("open", True)
    assert Judgment.objects.count() == 1


def test_topics_can_be_declined_later_and_taken_back(person: Person, project: Project) -> None:
    Project.objects.update(sensitive_topics=[{"name": "violence"}, {"name": "self-harm"}])
    client = client_of(person)
    url = f"/projects/{project.slug}/me/topics/"
    assert client.get(url).status_code == 405
    for declined in (["violence", "weather"], []):
        assert client.post(url, {"declined": declined}).status_code == 302
        expected = [name for name in declined if name != "weather"]
        assert Membership.objects.get(person=person).declined_topics == expected


def test_the_page_is_for_those_who_judge(project: Project, person: Person) -> None:
    url = f"/projects/{project.slug}/me/"
    for visitor, status in (
        (person, 200),
        (make_member(project, "reviewer"), 200),
        (make_person("owner"), 200),
        (make_person("engineer"), 403),
        (make_person(), 404),
    ):
        assert client_of(visitor).get(url).status_code == status
    assert client_of(person).post(url).status_code == 405
