"""Looking through judgments: what is found against them, and when that ends."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from labeling.models import Assignment, Comparison, GoldAnswer, Judgment, Review, ReviewItem
from labeling.services.assignments import lease_next, reopen_last, skip
from labeling.services.examination import examine_new
from labeling.services.judgments import submit_judgment
from labeling.tasks import examine_judgments
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_person, make_project

pytestmark = pytest.mark.django_db


def judge(project, annotator, order=(0, 1), **verdict):
    """Lease and rank: `order` names the comparison's responses from the one with the lowest id, best first."""
    lease = lease_next(project=project, annotator=annotator)
    responses = sorted(lease.shown_order)
    verdict.setdefault("dwell_ms", 30_000)
    verdict.setdefault("ranking", tuple((responses[index],) for index in order))
    return submit_judgment(assignment=lease, verdict=Verdict(**verdict), client_id=uuid4()).judgment


def judge_directly(comparison, annotator, order=(0, 1), *, place=None, **fields):
    """Store a judgment as a row; `place` puts the best response at that place of the order shown."""
    responses = sorted(comparison.responses.values_list("pk", flat=True))
    best = responses[order[0]]
    rest = [pk for pk in responses if pk != best]
    shown = responses if place is None else [*rest[:place], best, *rest[place:]]
    return Judgment.objects.create(
        project=comparison.project,
        comparison=comparison,
        annotator=annotator,
        ranking=[[responses[index]] for index in order],
        shown_order=shown,
        verdict_hash="0" * 64,
        **fields,
    )


def found(project):
    """(annotator, sign) of each open item, once everything was looked through."""
    while examine_new(project=project):
        pass
    return sorted(ReviewItem.objects.filter(project=project, closed_at=None).values_list("annotator_id", "sign"))


def test_people_who_contradict_each_other_are_found_and_those_who_agree_are_not():
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    one, other = make_member(project), make_member(project)
    judge(project, one)
    assert found(project) == []
    judge(project, other, (1, 0))
    assert found(project) == [(one.pk, "others"), (other.pk, "others")]
    item = ReviewItem.objects.first()
    assert (item.reason, item.figures) == ("disagreement", {"share": 0.0, "people": 2})


def test_two_against_one_is_a_disagreement_and_four_against_one_is_settled():
    project = make_project(judgments_per_comparison=5)
    make_comparison(project)
    judge(project, make_member(project), (1, 0))
    for _ in range(2):
        judge(project, make_member(project))
    assert len(found(project)) == 3
    for _ in range(2):
        judge(project, make_member(project))
    assert found(project) == []


def test_a_tie_beside_a_preference_is_no_contradiction():
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project)
    judge(project, make_member(project))
    judge(project, make_member(project), ranking=(tuple(comparison.responses.values_list("pk", flat=True)),))
    assert found(project) == []


def test_a_correction_that_agrees_ends_the_disagreement_and_so_does_a_withdrawal():
    project = make_project(judgments_per_comparison=3)
    make_comparison(project)
    one, other, third = (make_member(project) for _ in range(3))
    judge(project, one)
    judge(project, other, (1, 0))
    assert len(found(project)) == 2
    reopen_last(project=project, annotator=other)
    judge(project, other)
    assert found(project) == []
    judge(project, third, (1, 0), flags=("unsafe",))
    assert (third.pk, "flag") in found(project)
    skip(assignment=reopen_last(project=project, annotator=third), reason="unsure")
    assert found(project) == []


def test_flags_are_found_with_their_names():
    project = make_project()
    make_comparison(project)
    judge(project, person := make_member(project), flags=("unsafe", "off_topic"))
    assert found(project) == [(person.pk, "flag")]
    assert ReviewItem.objects.get().figures == {"flags": ["unsafe", "off_topic"]}


@pytest.mark.parametrize(("strength", "is_found"), [(3, True), (2, True), (1, False)])
def test_all_bad_stands_against_a_clear_preference_only(strength, is_found):
    project = make_project(judgments_per_comparison=2)
    make_comparison(project)
    judge(project, make_member(project), strength=strength)
    judge(project, make_member(project), ranking=(), all_bad=True)
    assert bool(found(project)) is is_found


@pytest.mark.parametrize(("dwell_ms", "is_found"), [(1_999, True), (2_001, False), (0, True), (None, False)])
def test_whoever_reads_faster_than_a_hundred_characters_a_second_is_found(dwell_ms, is_found):
    project = make_project()
    comparison = make_comparison(project, texts=["a" * 100, "b" * 90])
    comparison.prompt.messages = [{"role": "user", "content": "c" * 10}]
    comparison.prompt.save()
    judge(project, make_member(project), dwell_ms=dwell_ms)
    assert [sign for _, sign in found(project)] == (["fast"] if is_found else [])


def test_a_second_look_may_be_quick():
    project = make_project()
    make_comparison(project)
    person = make_member(project)
    judge(project, person)
    reopen_last(project=project, annotator=person)
    judge(project, person, (1, 0), dwell_ms=1)
    assert found(project) == []


def test_contradicting_the_expected_answer_is_found():
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project)
    first, second = sorted(comparison.responses.values_list("pk", flat=True))
    GoldAnswer.objects.create(comparison=comparison, ranking=[[first], [second]])
    wrong = make_member(project)
    judge(project, make_member(project))
    judge(project, wrong, (1, 0))
    assert (wrong.pk, "gold") in found(project)
    assert ReviewItem.objects.filter(sign="gold").count() == 1


def test_contradicting_oneself_on_a_repeat_is_found():
    project = make_project()
    comparison = make_comparison(project)
    steady, fickle = make_member(project), make_member(project)
    for person, again in ((steady, (0, 1)), (fickle, (1, 0))):
        judge_directly(comparison, person)
        judge_directly(comparison, person, again, purpose="repeat", is_surplus=True)
    assert found(project) == [(fickle.pk, "self")]


@pytest.mark.parametrize(("in_a_row", "items"), [(17, 0), (18, 18), (20, 20)])
def test_the_same_place_eighteen_times_in_a_row_is_no_chance(in_a_row, items):
    project = make_project()
    person = make_member(project)
    judge_directly(make_comparison(project), person, place=0)
    for _ in range(in_a_row):
        judge_directly(make_comparison(project), person, place=1)
    assert [sign for _, sign in found(project)] == ["same_place"] * items
    if items:
        assert ReviewItem.objects.last().figures == {"in_a_row": in_a_row, "place": 2}


def test_a_tie_or_another_person_does_not_lengthen_a_run():
    project = make_project()
    person, other = make_member(project), make_member(project)
    for _ in range(9):
        judge_directly(make_comparison(project), person, place=0)
        judge_directly(make_comparison(project), other, place=0)
    judge_directly(make_comparison(project), person, place=1)
    for _ in range(9):
        judge_directly(make_comparison(project), person, place=0)
    assert found(project) == []


def test_imported_judgments_contradict_people_but_are_not_reviewed_themselves():
    project = make_project()
    comparison = make_comparison(project)
    person, file = make_member(project), make_person(kind="imported")
    judge_directly(comparison, file, (1, 0), source="imported")
    judge(project, person)
    assert found(project) == [(person.pk, "others")]


def test_practice_and_exams_are_nobodys_work_to_review():
    project = make_project()
    comparison = make_comparison(project, use="exam", target_judgments=0)
    for order in ((0, 1), (1, 0)):
        judge_directly(comparison, make_member(project), order, flags=["x"], purpose="exam", is_surplus=True)
    assert found(project) == []


def test_a_reviewed_judgment_is_not_found_again_and_a_returned_one_is_found_when_redone():
    project = make_project(judgments_per_comparison=3)
    make_comparison(project)
    one, other = make_member(project), make_member(project)
    reviewer = make_member(project, "reviewer")
    kept, sent_back = judge(project, one), judge(project, other, (1, 0))
    Review.objects.create(project=project, judgment=kept, reviewer=reviewer, outcome="accepted")
    Review.objects.create(project=project, judgment=sent_back, reviewer=reviewer, outcome="returned", comment="Why?")
    assert found(project) == []
    reopen_last(project=project, annotator=other)
    judge(project, other, (1, 0), reason="Because.")
    assert found(project) == [(other.pk, "others"), (other.pk, "redone")]


def test_looking_twice_finds_nothing_new_and_asks_little_of_the_database(django_assert_max_num_queries):
    project = make_project(judgments_per_comparison=2)
    for _ in range(30):
        make_comparison(project)
    people = [make_member(project) for _ in range(2)]
    for number, comparison in enumerate(Comparison.objects.all()):
        for person, order in zip(people, ((0, 1), (1, 0)), strict=True):
            moment = timezone.now() - timedelta(hours=1)
            judge_directly(comparison, person, order, place=number % 2, judged_at=moment)
    with django_assert_max_num_queries(24):
        assert examine_new(project=project) is False
    assert ReviewItem.objects.count() == 60
    with django_assert_max_num_queries(2):
        assert examine_new(project=project) is False
    assert ReviewItem.objects.count() == 60


def test_a_long_backlog_is_looked_through_in_portions():
    project = make_project()
    person = make_member(project)
    for minutes in range(10, 0, -1):
        moment = timezone.now() - timedelta(minutes=minutes + 5)
        judge_directly(make_comparison(project), person, flags=["x"], judged_at=moment)
    assert [examine_new(project=project, limit=4) for _ in range(3)] == [True, True, False]
    assert ReviewItem.objects.count() == 10


def test_a_judgment_that_was_stored_a_moment_late_is_not_missed():
    project = make_project()
    person = make_member(project)
    now = timezone.now()
    judge_directly(make_comparison(project), person, flags=["x"], judged_at=now)
    examine_new(project=project)
    judge_directly(make_comparison(project), person, flags=["y"], judged_at=now - timedelta(seconds=20))
    examine_new(project=project)
    assert ReviewItem.objects.count() == 2


def test_an_adjudicated_comparison_needs_nobody():
    project = make_project(judgments_per_comparison=2)
    comparison = make_comparison(project)
    reviewer = make_member(project, "reviewer")
    for order in ((0, 1), (1, 0)):
        judge(project, make_member(project), order)
    assert len(found(project)) == 2
    judge_directly(comparison, reviewer, purpose="adjudication", is_surplus=True)
    reopen_last(project=project, annotator=Assignment.objects.filter(comparison=comparison).first().annotator)
    judge(project, Assignment.objects.get(state="open").annotator, (0, 1), flags=("x",))
    assert found(project) == []


def test_the_background_looks_through_every_project():
    flagged = []
    for _ in range(2):
        project = make_project()
        flagged.append(judge_directly(make_comparison(project), make_member(project), flags=["x"]))
    examine_judgments()
    examine_judgments()
    assert set(ReviewItem.objects.values_list("judgment", flat=True)) == {one.pk for one in flagged}
