"""What reviewers may do to judgments, and what of it two of them, or an annotator, may do at the same time."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from labeling.errors import AssignmentClosed, InvalidReview, OwnJudgment, ReviewMovedOn
from labeling.invariants import find_violations
from labeling.models import Assignment, Judgment, Review, ReviewItem
from labeling.queries import current_judgments
from labeling.reviewing import Filter, counts_by_reason, in_words, next_in_queue, queue_page, says, sheet_of
from labeling.services.adjudication import adjudicate, held_adjudication, leave_adjudication, open_adjudication
from labeling.services.assignments import lease_next, reopen_last
from labeling.services.examination import examine_new
from labeling.services.reviews import accept, return_judgment, seen_state
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_person, make_project
from tests.labeling.test_examination import found, judge, judge_directly

pytestmark = pytest.mark.django_db


@pytest.fixture
def disputed():
    """A comparison on which two people contradict each other, looked through."""
    project = make_project(judgments_per_comparison=3)
    comparison = make_comparison(project)
    judge(project, make_member(project))
    judge(project, make_member(project), (1, 0), flags=("unsafe",))
    examine_new(project=project)
    return comparison


@pytest.fixture
def reviewer(disputed):
    return make_member(disputed.project, "reviewer")


def give_verdict(comparison, reviewer, order=(0, 1), **fields):
    lease = open_adjudication(comparison=comparison, reviewer=reviewer)
    responses = sorted(lease.shown_order)
    verdict = Verdict(ranking=tuple((responses[index],) for index in order), **fields)
    return adjudicate(assignment=lease, verdict=verdict, client_id=uuid4()).judgment


def judgments_of(comparison):
    return list(current_judgments().filter(comparison=comparison).order_by("pk"))


# ---- accepting


def test_accepting_lets_the_judgments_stand_and_empties_the_queue(disputed, reviewer):
    reviews = accept(comparison=disputed, reviewer=reviewer, seen=seen_state(disputed))
    assert {review.judgment for review in reviews} == set(judgments_of(disputed))
    assert {(review.outcome, review.reviewer) for review in reviews} == {("accepted", reviewer)}
    assert found(disputed.project) == []


def test_accepting_names_only_what_something_speaks_against():
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project)
    judge(project, make_member(project))
    flagged = judge(project, make_member(project), flags=("unsafe",))
    examine_new(project=project)
    (review,) = accept(comparison=comparison, reviewer=make_member(project, "reviewer"))
    assert review.judgment == flagged


def test_what_was_accepted_does_not_come_back_when_others_disagree_later(disputed, reviewer):
    accept(comparison=disputed, reviewer=reviewer)
    late = judge(disputed.project, person := make_member(disputed.project), (1, 0))
    assert found(disputed.project) == [(person.pk, "others")]
    assert ReviewItem.objects.filter(closed_at=None).get().judgment == late


# ---- returning


def test_returning_needs_a_comment_and_takes_the_disagreement_out_of_the_queue(disputed, reviewer):
    _, flagged = judgments_of(disputed)
    with pytest.raises(InvalidReview, match="Say what to look at again"):
        return_judgment(judgment=flagged, reviewer=reviewer, comment=" \x00 ")
    review = return_judgment(judgment=flagged, reviewer=reviewer, comment=" Read the second again. ")
    assert (review.outcome, review.comment) == ("returned", "Read the second again.")
    assert found(disputed.project) == []


def test_returning_one_judgment_leaves_what_speaks_against_another():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    one = judge(project, make_member(project), flags=("unsafe",))
    other = judge(project, person := make_member(project), (1, 0), flags=("unsafe",))
    examine_new(project=project)
    return_judgment(judgment=one, reviewer=make_member(project, "reviewer"), comment="Why?")
    assert found(project) == [(person.pk, "flag")]
    assert ReviewItem.objects.filter(judgment=other, closed_at=None).count() == 1


def test_a_returned_judgment_that_is_redone_comes_back_as_such(disputed, reviewer):
    _, flagged = judgments_of(disputed)
    return_judgment(judgment=flagged, reviewer=reviewer, comment="Read the second again.")
    reopen_last(project=disputed.project, annotator=flagged.annotator)
    judge(disputed.project, flagged.annotator)
    assert found(disputed.project) == [(flagged.annotator_id, "redone")]


@pytest.mark.parametrize("source", ["imported", "simulated"])
def test_nobody_can_be_asked_to_redo_what_no_person_was_handed(source):
    project = make_project()
    comparison = make_comparison(project)
    judgment = judge_directly(comparison, make_person(kind=source), flags=["x"], source=source)
    with pytest.raises(InvalidReview, match="imported or simulated"):
        return_judgment(judgment=judgment, reviewer=make_member(project, "reviewer"), comment="Why?")


def test_a_judgment_that_was_corrected_meanwhile_is_not_returned(disputed, reviewer):
    first, _ = judgments_of(disputed)
    seen = seen_state(disputed)
    reopen_last(project=disputed.project, annotator=first.annotator)
    judge(disputed.project, first.annotator, (1, 0))
    for known in (seen, seen_state(disputed)):
        with pytest.raises(ReviewMovedOn):
            return_judgment(judgment=first, reviewer=reviewer, comment="Why?", seen=known)
    assert not Review.objects.exists()


# ---- oneself, and each other


def test_nobody_reviews_a_comparison_they_judged(disputed):
    first, second = judgments_of(disputed)
    for action in (
        lambda: accept(comparison=disputed, reviewer=first.annotator),
        lambda: return_judgment(judgment=second, reviewer=first.annotator, comment="Why?"),
        lambda: open_adjudication(comparison=disputed, reviewer=first.annotator),
    ):
        with pytest.raises(OwnJudgment, match="yourself"):
            action()
    assert not Review.objects.exists()


def test_the_second_of_two_reviewers_is_told(disputed, reviewer):
    second = make_member(disputed.project, "reviewer")
    seen = seen_state(disputed)
    accept(comparison=disputed, reviewer=reviewer, seen=seen)
    for known in (seen, None):
        with pytest.raises(ReviewMovedOn):
            accept(comparison=disputed, reviewer=second, seen=known)
        with pytest.raises(ReviewMovedOn):
            return_judgment(judgment=judgments_of(disputed)[0], reviewer=second, comment="Why?", seen=known)
    assert Review.objects.count() == 2


def test_a_reviewer_who_takes_a_second_look_may_return_what_was_accepted(disputed, reviewer):
    accept(comparison=disputed, reviewer=reviewer)
    judgment = judgments_of(disputed)[0]
    review = return_judgment(judgment=judgment, reviewer=reviewer, comment="Why?", seen=seen_state(disputed))
    assert review.outcome == "returned"


# ---- adjudicating


def test_an_adjudication_is_a_judgment_of_its_own_beside_the_target(disputed, reviewer):
    judgment = give_verdict(disputed, reviewer, strength=3, reason="The first one answers.")
    disputed.refresh_from_db()
    judgment.assignment.refresh_from_db()
    assert (judgment.purpose, judgment.is_surplus, judgment.strength) == ("adjudication", True, 3)
    assert (judgment.assignment.takes_slot, judgment.assignment.state) == (False, "done")
    assert found(disputed.project) == []
    assert current_judgments(disputed.project).count() == 2


def test_nobody_more_is_asked_about_what_was_adjudicated(disputed, reviewer):
    other = make_member(disputed.project)
    give_verdict(disputed, reviewer)
    disputed.refresh_from_db()
    assert (disputed.open_slots, disputed.target_judgments) == (0, 2)
    assert lease_next(project=disputed.project, annotator=other) is None
    give_verdict(disputed, reviewer, (1, 0))
    assert list(find_violations()) == []


def test_correcting_an_adjudication_supersedes_it(disputed, reviewer):
    first = give_verdict(disputed, reviewer)
    second = give_verdict(disputed, reviewer, (1, 0))
    assert (second.supersedes, second.revision) == (first, 2)
    assert sheet_of(disputed).adjudication.judgment == second


def test_only_one_reviewer_adjudicates_a_comparison(disputed, reviewer):
    second = make_member(disputed.project, "reviewer")
    lease = open_adjudication(comparison=disputed, reviewer=reviewer)
    assert open_adjudication(comparison=disputed, reviewer=reviewer) == lease
    for action in (
        lambda: open_adjudication(comparison=disputed, reviewer=second),
        lambda: accept(comparison=disputed, reviewer=second),
        lambda: return_judgment(judgment=judgments_of(disputed)[0], reviewer=second, comment="Why?"),
    ):
        with pytest.raises(ReviewMovedOn, match="right now"):
            action()
    give_verdict(disputed, reviewer)
    with pytest.raises(ReviewMovedOn, match="Only they may correct it"):
        open_adjudication(comparison=disputed, reviewer=second)
    with pytest.raises(ReviewMovedOn, match="adjudicated"):
        accept(comparison=disputed, reviewer=second, seen=seen_state(disputed))


def test_the_database_itself_refuses_a_second_adjudicator(disputed, reviewer):
    lease = open_adjudication(comparison=disputed, reviewer=reviewer)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(
            project=disputed.project,
            comparison=disputed,
            annotator=make_member(disputed.project, "reviewer"),
            purpose="adjudication",
            takes_slot=False,
            expires_at=lease.expires_at,
            shown_order=lease.shown_order,
        )


def test_a_lease_that_ran_out_goes_to_the_next_reviewer_and_a_late_verdict_is_refused(disputed, reviewer):
    second = make_member(disputed.project, "reviewer")
    lease = open_adjudication(comparison=disputed, reviewer=reviewer)
    Assignment.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    give_verdict(disputed, second)
    lease.refresh_from_db()
    verdict = Verdict(ranking=tuple((pk,) for pk in lease.shown_order))
    with pytest.raises(ReviewMovedOn):
        adjudicate(assignment=lease, verdict=verdict, client_id=uuid4())
    assert Judgment.objects.filter(purpose="adjudication").count() == 1


def test_a_late_verdict_that_nobody_overtook_is_kept(disputed, reviewer):
    lease = open_adjudication(comparison=disputed, reviewer=reviewer)
    Assignment.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    verdict = Verdict(ranking=tuple((pk,) for pk in lease.shown_order))
    assert adjudicate(assignment=lease, verdict=verdict, client_id=uuid4()).is_new


def test_leaving_an_adjudication_gives_it_back_and_leaving_a_correction_keeps_what_was_given(disputed, reviewer):
    open_adjudication(comparison=disputed, reviewer=reviewer)
    leave_adjudication(comparison=disputed, reviewer=reviewer)
    assert held_adjudication(comparison=disputed, reviewer=reviewer) is None
    with pytest.raises(AssignmentClosed):
        leave_adjudication(comparison=disputed, reviewer=reviewer)
    given = give_verdict(disputed, reviewer)
    open_adjudication(comparison=disputed, reviewer=reviewer)
    leave_adjudication(comparison=disputed, reviewer=reviewer)
    assert sheet_of(disputed).adjudication.judgment == given
    assert Assignment.objects.filter(purpose="adjudication", state="done").count() == 1


def test_an_expired_correction_falls_back_to_what_was_given(disputed, reviewer):
    given = give_verdict(disputed, reviewer)
    lease = open_adjudication(comparison=disputed, reviewer=reviewer)
    Assignment.objects.filter(pk=lease.pk).update(expires_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(ReviewMovedOn, match="Only they may correct it"):
        open_adjudication(comparison=disputed, reviewer=make_member(disputed.project, "reviewer"))
    assert sheet_of(disputed).adjudication.judgment == given


# ---- the queue


def test_the_queue_is_paged_by_comparison_and_filtered_by_reason_and_annotator():
    project = make_project(judgments_per_comparison=2)
    one, other = make_member(project), make_member(project)
    comparisons = [make_comparison(project) for _ in range(5)]
    for number, comparison in enumerate(comparisons):
        judge_directly(comparison, one, place=number % 2, flags=["x"] if number == 3 else [])
        judge_directly(comparison, other, (1, 0) if number < 2 else (0, 1), place=number % 2, dwell_ms=1)
    examine_new(project=project)

    def keys(after=0, size=25, **wanted):
        page = queue_page(project, Filter(**wanted), after=after, size=size)
        return [entry.comparison.pk for entry in page.entries], page.after

    everything = [comparison.pk for comparison in comparisons]
    assert keys() == (everything, None)
    assert keys(size=2) == (everything[:2], everything[1])
    assert keys(size=3, after=everything[1]) == (everything[2:], None)
    assert keys(reason="disagreement") == (everything[:2], None)
    assert keys(reason="flagged") == ([everything[3]], None)
    assert keys(annotator=one.pseudonym) == ([*everything[:2], everything[3]], None)
    assert keys(annotator=one.pseudonym, reason="suspicious") == ([], None)
    assert keys(annotator="nobody") == ([], None)
    assert counts_by_reason(project) == {"": 5, "disagreement": 2, "flagged": 1, "suspicious": 5, "redone": 0}
    assert counts_by_reason(project, one.pseudonym)["suspicious"] == 0
    flagged = Filter(reason="flagged")
    assert next_in_queue(project, Filter(), after=everything[4]) == everything[0]
    assert next_in_queue(project, flagged, after=everything[0]) == everything[3]
    assert next_in_queue(project, flagged, after=everything[3]) is None


def test_a_filter_that_does_not_exist_counts_as_none():
    assert Filter.from_query({"why": "'; DROP TABLE", "annotator": "p-x"}) == Filter("", "p-x")


def test_reasons_are_said_in_words(disputed):
    sentences = {item.sign: says(item) for item in ReviewItem.objects.filter(comparison=disputed)}
    assert sentences == {
        "others": "2 people judged it, and agree by 0.00 only.",
        "flag": "Flagged: unsafe.",
    }
    for item in ReviewItem.Sign.values:
        figures = {"people": 3, "characters": 900, "dwell_ms": 1500, "in_a_row": 19, "place": 1}
        assert says(ReviewItem(sign=item, figures=figures)).endswith(".")
    assert says(ReviewItem(sign="fast", figures={"characters": 900, "dwell_ms": 1500})).startswith(
        "900 characters in 1.5"
    )


@pytest.mark.parametrize(
    ("ranking", "fields", "words"),
    [
        ([[1], [2]], {"strength": 3}, "A is much better than B"),
        ([[2], [1]], {"strength": 1}, "B is slightly better than A"),
        ([[2], [1]], {}, "B is better than A"),
        ([[1, 2]], {}, "A and B are equally good"),
        ([], {"all_bad": True}, "all bad"),
    ],
)
def test_a_verdict_on_a_pair_is_said_in_words(ranking, fields, words):
    assert in_words(Judgment(ranking=ranking, **fields), {1: "A", 2: "B"}) == words


def test_a_ranking_is_said_from_the_best_down():
    letters = {1: "A", 2: "B", 3: "C", 4: "D"}
    assert in_words(Judgment(ranking=[[3], [1, 4], [2]]), letters) == "C › A, D tied › B"
    assert in_words(Judgment(ranking=[[2]]), letters) == "B › the rest"
