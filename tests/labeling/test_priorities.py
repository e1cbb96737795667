"""Priorities that a downstream app writes, and those that come from what is known of the policies."""

import math

import pytest

from labeling.models import Comparison, Judgment
from labeling.services.priorities import policy_strengths, prioritize_by_information, set_priorities
from tests.factories import make_comparison, make_member, make_project

pytestmark = pytest.mark.django_db


def priority_of(comparison):
    return Comparison.objects.get(pk=comparison.pk).priority


def say(comparison, *policies):
    """Somebody prefers the policies' responses in this order; those in one tuple are tied."""
    by_policy = dict(comparison.responses.values_list("policy_name", "pk"))
    groups = [group if isinstance(group, tuple) else (group,) for group in policies]
    return Judgment.objects.create(
        project=comparison.project,
        comparison=comparison,
        annotator=make_member(comparison.project),
        ranking=[[by_policy[policy] for policy in group] for group in groups],
    )


def rename(comparison, *names):
    for response, name in zip(comparison.responses.order_by("pk"), names, strict=True):
        response.policy_name = name
        response.save()
    return comparison


def test_priorities_are_written_and_counted_and_others_left_alone():
    project = make_project()
    first, second, third = (make_comparison(project, priority=1.0) for _ in range(3))
    assert set_priorities(project=project, priorities={first.pk: 2.5, second.pk: 1.0}) == 1
    assert [priority_of(one) for one in (first, second, third)] == [2.5, 1.0, 1.0]


def test_another_projects_comparisons_keep_their_priority():
    elsewhere = make_comparison(make_project())
    assert set_priorities(project=make_project(), priorities={elsewhere.pk: 9.0}) == 0
    assert priority_of(elsewhere) == 0.0


@pytest.mark.parametrize("priority", [math.nan, math.inf])
def test_what_is_no_finite_number_is_refused_and_nothing_written(priority):
    project = make_project()
    first, second = make_comparison(project), make_comparison(project)
    with pytest.raises(ValueError, match="finite"):
        set_priorities(project=project, priorities={first.pk: 1.0, second.pk: priority})
    assert priority_of(first) == 0.0


def test_more_than_one_chunk_is_written_whole(monkeypatch):
    monkeypatch.setattr("labeling.services.priorities.CHUNK", 3)
    project = make_project()
    made = [make_comparison(project) for _ in range(8)]
    wanted = {one.pk: float(number + 1) for number, one in enumerate(made)}
    assert set_priorities(project=project, priorities=wanted) == 8
    assert dict(Comparison.objects.values_list("pk", "priority")) == wanted


def test_a_ranking_counts_once_and_a_tie_for_both():
    project = make_project("ranking")
    comparison = rename(make_comparison(project, k=3), "a", "b", "c")
    say(comparison, "a", ("b", "c"))
    strengths, index = policy_strengths(project)
    a, b, c = (strengths.mean[index[name]] for name in "abc")
    assert a > b
    assert b == pytest.approx(c)


def test_what_a_ranking_leaves_out_stands_below_and_in_no_order():
    project = make_project("ranking")
    say(rename(make_comparison(project, k=3), "a", "b", "c"), "a")
    strengths, index = policy_strengths(project)
    a, b, c = (strengths.mean[index[name]] for name in "abc")
    assert a > b
    assert b == pytest.approx(c)


def test_what_was_withdrawn_says_nothing_of_the_policies():
    project = make_project()
    comparison = rename(make_comparison(project), "a", "b")
    said = say(comparison, "a", "b")
    Judgment.objects.create(
        project=project,
        comparison=comparison,
        annotator=said.annotator,
        ranking=[],
        revision=2,
        supersedes=said,
        is_retraction=True,
    )
    strengths, _index = policy_strengths(project)
    assert list(strengths.mean) == [0.0, 0.0]


def test_a_policy_of_which_little_is_known_goes_first():
    project = make_project(judgments_per_comparison=50)
    known = rename(make_comparison(project), "a", "b")
    for winner, loser in [("a", "b"), ("b", "a")] * 5:
        say(known, winner, loser)
    new = rename(make_comparison(project), "a", "new")
    same = rename(make_comparison(project), "b", "b2")
    same.responses.update(policy_name="b")
    assert prioritize_by_information(project=project) == 2
    assert priority_of(new) > priority_of(known) > priority_of(same) == 0.0


def test_responses_without_a_policy_tell_nothing():
    project = make_project()
    nameless = make_comparison(project)
    nameless.responses.update(policy_name="")
    assert prioritize_by_information(project=project) == 0
    assert priority_of(nameless) == 0.0
