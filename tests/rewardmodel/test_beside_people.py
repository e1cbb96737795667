"""A reward model and people held against each other on the same comparisons."""

import pytest

from labeling.models import Comparison, Judgment, Person
from rewardmodel.beside_people import accuracy_beside_agreement, shares_of
from rewardmodel.models import RewardModel, Score
from tests.factories import make_comparison, make_member, make_project

LEFT, RIGHT, TIE = [[1], [2]], [[2], [1]], [[1, 2]]


def test_two_of_three_people_agree_in_one_pair_of_three_and_the_model_with_two_of_them() -> None:
    assert shares_of([LEFT, LEFT, RIGHT], {1: 0.4, 2: -0.4}) == pytest.approx((1 / 3, 2 / 3))


def test_a_model_that_turns_everything_round_agrees_with_nobody_whom_others_agree_with() -> None:
    assert shares_of([LEFT, LEFT], {1: -1.0, 2: 1.0}) == (1.0, 0.0)


def test_ties_are_left_out_on_both_sides() -> None:
    assert shares_of([LEFT, TIE, LEFT], {1: 1.0, 2: 0.0}) == (1.0, 1.0)
    assert shares_of([LEFT, TIE], {1: 1.0, 2: 0.0}) is None


def test_equal_rewards_are_half_right() -> None:
    assert shares_of([LEFT, LEFT], {1: 0.5, 2: 0.5}) == (1.0, 0.5)


def test_every_two_responses_of_a_ranking_count_alike() -> None:
    rankings = [[[1], [2], [3]], [[1], [3], [2]]]
    assert shares_of(rankings, {1: 3.0, 2: 2.0, 3: 1.0}) == pytest.approx((2 / 3, (1 + 1 + 0.5) / 3))


def judge(comparison: Comparison, person: Person, winner: int, source: str = "person") -> None:
    one, other = sorted(comparison.responses.values_list("pk", flat=True))
    Judgment.objects.create(
        project=comparison.project,
        comparison=comparison,
        annotator=person,
        ranking=[[one], [other]] if winner == 0 else [[other], [one]],
        source=source,
        is_surplus=True,
        verdict_hash="",
    )


@pytest.mark.django_db
def test_only_what_two_people_judged_and_the_model_scored_is_looked_at() -> None:
    project = make_project()
    model = RewardModel.objects.create(name="m", directory="m", backbone="minilm", digest="0" * 64)
    both, once, unscored, machine = (make_comparison(project) for _ in range(4))
    first, second = make_member(project), make_member(project)
    for comparison in (both, once, machine):
        for place, response in enumerate(comparison.responses.order_by("pk")):
            Score.objects.create(reward_model=model, response=response, value=-place, normalized=-place)
    assert accuracy_beside_agreement(project, model) is None
    judge(both, first, 0)
    judge(both, second, 0)
    judge(once, first, 1)
    judge(unscored, first, 0)
    judge(unscored, second, 1)
    judge(machine, first, 1)
    judge(machine, second, 1, source="simulated")
    found = accuracy_beside_agreement(project, model)
    assert found is not None
    assert (found.people.share, found.model.share, found.people.n) == (1.0, 1.0, 1)
