"""Which comparison comes next: the orders, the control, gold, repeats, and what is never handed out."""

import random
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from labeling.models import Assignment, Comparison, GoldAnswer, Judgment, Membership
from labeling.services import queue
from labeling.services.assignments import hold, lease_next, release, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict
from tests.factories import make_comparison, make_member, make_project

pytestmark = pytest.mark.django_db


def judge(lease):
    verdict = Verdict(ranking=tuple((response,) for response in lease.shown_order))
    return submit_judgment(assignment=lease, verdict=verdict, client_id=uuid.uuid4()).judgment


def judge_next(project, person):
    lease = lease_next(project=project, annotator=person)
    judge(lease)
    return lease


def judged_by(project, person, count):
    return [judge_next(project, person).comparison_id for _ in range(count)]


def make_gold(comparison):
    responses = sorted(comparison.responses.values_list("pk", flat=True))
    return GoldAnswer.objects.create(comparison=comparison, ranking=[[response] for response in responses])


def age(project, **by):
    """Make everything judged so far look older."""
    for assignment in Assignment.objects.filter(project=project):
        Assignment.objects.filter(pk=assignment.pk).update(closed_at=assignment.closed_at - timedelta(**by))


def test_in_order_hands_out_what_was_imported_first_whatever_its_priority():
    project = make_project(queue_policy="in_order")
    made = [make_comparison(project, priority=number).pk for number in range(4)]
    assert judged_by(project, make_member(project), 4) == made


@pytest.mark.parametrize("policy", ["priority", "uncertainty", "information"])
def test_by_priority_the_highest_comes_first_and_the_older_of_equals(policy):
    project = make_project(queue_policy=policy)
    low, high, middle, also_high = (make_comparison(project, priority=p).pk for p in (-1.5, 2.0, 0.0, 2.0))
    assert judged_by(project, make_member(project), 4) == [high, also_high, middle, low]


def test_breadth_hands_out_every_comparison_once_before_any_twice():
    project = make_project(queue_policy="breadth", judgments_per_comparison=3)
    made = {make_comparison(project).pk for _ in range(6)}
    people = [make_member(project) for _ in range(3)]
    first = {judge_next(project, people[number % 3]).comparison_id for number in range(6)}
    assert first == made
    second = {judge_next(project, people[number % 3]).comparison_id for number in range(6)}
    assert second == made


def test_depth_finishes_what_was_begun():
    project = make_project(queue_policy="depth", judgments_per_comparison=3)
    for _ in range(4):
        make_comparison(project)
    people = [make_member(project) for _ in range(3)]
    handed_out = [judge_next(project, people[number % 3]).comparison_id for number in range(12)]
    assert [len(set(handed_out[start : start + 3])) for start in (0, 3, 6, 9)] == [1, 1, 1, 1]


def test_at_random_each_comparison_comes_once_and_not_in_order():
    project = make_project(queue_policy="random")
    made = [make_comparison(project).pk for _ in range(25)]
    handed_out = judged_by(project, make_member(project), 25)
    assert sorted(handed_out) == made
    assert handed_out != made
    assert set(Assignment.objects.values_list("drawn_by", flat=True)) == {"policy"}


def test_the_control_share_is_drawn_at_random_and_says_so():
    project = make_project(queue_policy="in_order", control_share=1.0)
    made = [make_comparison(project).pk for _ in range(25)]
    assert judged_by(project, make_member(project), 25) != made
    assert set(Assignment.objects.values_list("drawn_by", flat=True)) == {"control"}


def test_the_control_is_drawn_evenly_whatever_the_order_says():
    project = make_project(queue_policy="priority", control_share=1.0)
    made = [make_comparison(project, priority=number).pk for number in range(10)]
    drawn = []
    for _ in range(200):
        Comparison.objects.all().update(shuffle=0)
        for pk in made:
            Comparison.objects.filter(pk=pk).update(shuffle=random.random())
        lease = lease_next(project=project, annotator=make_member(project))
        drawn.append(lease.comparison_id)
        release(assignment=lease)
    upper_half = sum(pk in made[5:] for pk in drawn)
    assert 65 <= upper_half <= 135  # five standard deviations around 100


@pytest.mark.parametrize("policy", ["in_order", "breadth", "depth", "priority", "random"])
def test_somebody_who_had_more_than_a_window_gets_what_follows(policy, monkeypatch):
    monkeypatch.setattr(queue, "WINDOW_ROWS", 3)
    clear_statements()
    project = make_project(queue_policy=policy, judgments_per_comparison=2)
    made = [make_comparison(project, priority=-number).pk for number in range(12)]
    handed_out = judged_by(project, make_member(project), 12)
    clear_statements()
    assert sorted(handed_out) == made
    if policy in ("in_order", "priority"):
        assert handed_out == made


def test_what_others_left_before_somebodys_place_is_found_when_nothing_follows(monkeypatch):
    monkeypatch.setattr(queue, "WINDOW_ROWS", 2)
    clear_statements()
    project = make_project(queue_policy="in_order")
    first, *rest = [make_comparison(project).pk for _ in range(8)]
    keeper, annotator = make_member(project), make_member(project)
    kept = lease_next(project=project, annotator=keeper)
    assert judged_by(project, annotator, 7) == rest
    release(assignment=kept)
    found = lease_next(project=project, annotator=annotator)
    clear_statements()
    assert found.comparison_id == first


def clear_statements():
    queue._pick_statement.cache_clear()
    queue._take_statement.cache_clear()


@pytest.mark.parametrize("policy", ["in_order", "random"])
def test_declined_topics_are_never_handed_out(policy):
    project = make_project(queue_policy=policy, gold_share=0.5, judgments_per_comparison=2)
    for topic in ("self-harm", 'wea"pons', "", "cooking"):
        make_gold(make_comparison(project, topic=topic))
    person = make_member(project)
    Membership.objects.filter(person=person).update(declined_topics=["self-harm", 'wea"pons'])
    judged_by(project, person, 2)
    assert lease_next(project=project, annotator=person) is None
    assert set(Judgment.objects.values_list("comparison__topic", flat=True)) == {"", "cooking"}


@pytest.mark.parametrize("use", ["practice", "exam"])
def test_practice_and_exam_are_never_handed_out_by_the_queue(use):
    project = make_project(gold_share=1.0)
    make_gold(make_comparison(project, use=use, target_judgments=0))
    make_comparison(project)
    person = make_member(project)
    judged_by(project, person, 1)
    assert lease_next(project=project, annotator=person) is None


def test_gold_comes_first_where_its_share_is_one_and_each_once():
    project = make_project(gold_share=1.0, judgments_per_comparison=5)
    work = [make_comparison(project).pk for _ in range(3)]
    gold = [make_comparison(project).pk for _ in range(3)]
    for comparison in Comparison.objects.filter(pk__in=gold):
        make_gold(comparison)
    handed_out = judged_by(project, make_member(project), 6)
    assert sorted(handed_out[:3]) == gold
    assert handed_out[3:] == work
    assert (
        list(Assignment.objects.order_by("created_at").values_list("drawn_by", flat=True))
        == ["gold"] * 3 + ["policy"] * 3
    )


def test_gold_takes_a_slot_if_one_is_open_and_is_surplus_if_none_is():
    project = make_project(gold_share=1.0)
    gold = make_comparison(project)
    make_gold(gold)
    for _ in range(3):
        make_comparison(project)
    first, second = (judge(lease_next(project=project, annotator=make_member(project))) for _ in range(2))
    assert {first.comparison_id, second.comparison_id} == {gold.pk}
    assert [first.is_surplus, second.is_surplus] == [False, True]
    assert [first.assignment.takes_slot, second.assignment.takes_slot] == [True, False]


def test_gold_is_mixed_in_at_its_share():
    project = make_project(gold_share=0.3, judgments_per_comparison=100)
    for number in range(80):
        comparison = make_comparison(project)
        if number % 2:
            make_gold(comparison)
    judged_by(project, make_member(project), 60)
    assert 4 <= Assignment.objects.filter(drawn_by="gold").count() <= 36


def test_gold_does_not_come_when_there_is_no_work_to_hide_it_in():
    project = make_project(gold_share=1.0)
    gold = make_comparison(project)
    make_gold(gold)
    judge(lease_next(project=project, annotator=make_member(project)))
    assert lease_next(project=project, annotator=make_member(project)) is None


def test_gold_without_a_slot_can_be_given_back_skipped_and_undone_without_touching_the_target():
    project = make_project(gold_share=1.0)
    gold = make_comparison(project)
    make_gold(gold)
    for _ in range(3):
        make_comparison(project)
    judge(lease_next(project=project, annotator=make_member(project)))
    person = make_member(project)
    release(assignment=lease_next(project=project, annotator=person))
    lease = lease_next(project=project, annotator=person)
    assert (lease.comparison_id, lease.takes_slot) == (gold.pk, False)
    judge(lease)
    skip(assignment=reopen_last(project=project, annotator=person), reason="a slip")
    gold.refresh_from_db()
    assert (gold.target_judgments, gold.open_slots) == (1, 0)


def repeating_project(**fields):
    project = make_project(queue_policy="in_order", repeat_share=1.0, judgments_per_comparison=2, **fields)
    for _ in range(40):
        make_comparison(project)
    return project


def test_a_repeat_comes_after_twenty_judgments_and_each_once():
    project = repeating_project()
    person = make_member(project)
    first = judged_by(project, person, 21)
    assert len(set(first)) == 21
    repeat = judge_next(project, person)
    assert (repeat.comparison_id, repeat.purpose, repeat.takes_slot) == (first[0], "repeat", False)
    following = judge_next(project, person)  # one may come again for each further judgment of work
    assert (following.purpose, following.comparison_id in first) == ("work", False)


def test_a_repeat_comes_after_an_hour_with_fewer_judgments():
    project = repeating_project()
    person = make_member(project)
    first = judged_by(project, person, 3)
    age(project, hours=2)
    again = judged_by(project, person, 4)
    assert sorted(again[:3]) == sorted(first)
    assert again[3] not in first


def test_a_repeat_counts_for_nobody_and_leaves_the_first_verdict_standing():
    project = repeating_project()
    person = make_member(project)
    lease = judge_next(project, person)
    age(project, hours=2)
    again = lease_next(project=project, annotator=person)
    stored = judge(again)
    lease.comparison.refresh_from_db()
    assert (stored.purpose, stored.is_surplus, stored.revision, stored.supersedes) == ("repeat", True, 1, None)
    assert (lease.comparison.open_slots, lease.comparison.target_judgments) == (1, 2)
    assert Judgment.objects.filter(comparison=lease.comparison, purpose="work").count() == 1


def test_a_repeat_can_be_undone_like_any_other():
    project = repeating_project()
    person = make_member(project)
    judge_next(project, person)
    age(project, hours=2)
    repeat = judge_next(project, person)
    reopened = reopen_last(project=project, annotator=person)
    assert reopened.pk == repeat.pk
    verdict = Verdict(ranking=tuple((response,) for response in reversed(repeat.shown_order)))
    corrected = submit_judgment(assignment=reopened, verdict=verdict, client_id=uuid.uuid4()).judgment
    assert (corrected.purpose, corrected.revision, corrected.is_surplus) == ("repeat", 2, True)


def test_several_leases_are_held_at_once_each_of_another_comparison():
    project = make_project(queue_policy="in_order")
    made = [make_comparison(project).pk for _ in range(7)]
    person = make_member(project)
    assert [lease.comparison_id for lease in hold(project=project, annotator=person, count=5)] == made[:5]
    judge(hold(project=project, annotator=person, count=5)[0])
    assert [lease.comparison_id for lease in hold(project=project, annotator=person, count=5)] == made[1:6]
    assert len(hold(project=project, annotator=make_member(project), count=5)) == 1


def test_a_lease_knows_its_guidelines_and_when_it_ends():
    project = make_project(lease_seconds=300)
    make_comparison(project)
    lease = lease_next(project=project, annotator=make_member(project))
    stored = Assignment.objects.get(pk=lease.pk)
    assert stored.guideline_version.number == 1
    assert (stored.shown_order, stored.expires_at, stored.state) == (lease.shown_order, lease.expires_at, "open")
    assert timedelta(seconds=290) < stored.expires_at - timezone.now() <= timedelta(seconds=300)
