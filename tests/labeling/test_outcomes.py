"""From rankings to pairs of policies: weights, units, tallies."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.stats.outcomes import PolicyRanking, outcomes_of, outcomes_of_pairs, rankings_of, shares_won
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord


def test_a_ranking_with_a_tie_makes_all_pairs_and_weighs_one():
    outcomes = outcomes_of([PolicyRanking(("a", "b", "c"), ((1,), (0, 2)), unit=7)])
    wins, ties = outcomes.tallies()
    assert outcomes.policies == ("a", "b", "c")
    assert wins.tolist() == pytest.approx(np.array([[0, 0, 0], [1, 0, 1], [0, 0, 0]]) / 3)
    assert ties.tolist() == pytest.approx(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]]) / 3)


def test_by_default_a_unit_weighs_one_however_many_judged_it():
    pair = (("a", "b"), ((0,), (1,)))
    rankings = [PolicyRanking(*pair, unit=1), PolicyRanking(*pair, unit=1), PolicyRanking(*pair, unit=2)]
    assert outcomes_of(rankings).tallies()[0][0, 1] == 2
    assert outcomes_of(rankings, weight="judgment").tallies()[0][0, 1] == 3


def test_a_judgment_of_many_weighs_as_one_of_two_or_each_pair_as_one():
    rankings = [PolicyRanking(("a", "b", "c"), ((0,), (1,), (2,)), unit=1), PolicyRanking(("a", "b"), ((0,), (1,)), 1)]
    assert outcomes_of(rankings, weight="judgment").weight.tolist() == pytest.approx([1 / 3] * 3 + [1])
    assert outcomes_of(rankings, weight="pair").weight.tolist() == [1, 1, 1, 1]
    assert outcomes_of(rankings).weight.tolist() == [0.25] * 4
    with pytest.raises(ValueError, match="weight"):
        outcomes_of(rankings, weight="none")


def test_what_a_ranking_leaves_out_loses_and_its_order_is_not_known():
    wins, ties = outcomes_of([PolicyRanking(("a", "b", "c"), ((2,),), 1)]).tallies()
    assert (wins[2] > 0).tolist() == [True, True, False]
    assert wins[:2].sum() == ties.sum() == 0


def test_one_policys_own_responses_and_unknown_ones_make_no_pair():
    outcomes = outcomes_of([PolicyRanking(("a", "a", None, "b"), ((0,), (1,), (2,), (3,)), 1)])
    assert list(zip(outcomes.first_at, outcomes.second_at, strict=True)) == [(0, 3), (1, 3)]
    assert outcomes.weight.tolist() == [0.5, 0.5]


def test_a_policy_that_met_nobody_is_still_known():
    outcomes = outcomes_of([PolicyRanking(("a", "a"), ((0,), (1,)), 1), PolicyRanking(("b", "c"), ((0,), (1,)), 2)])
    assert outcomes.policies == ("a", "b", "c")
    assert outcomes.units_of_policies().tolist() == [0, 1, 1]
    assert outcomes_of([]).policies == ()
    assert outcomes_of([]).tallies()[0].shape == (0, 0)


def test_pairs_are_rankings_of_two():
    rankings = [PolicyRanking(("b", "a"), ((0,), (1,)), 1), PolicyRanking(("c", "a"), ((0, 1),), 2)]
    ours, theirs = outcomes_of(rankings), outcomes_of_pairs(["b", "c"], ["a", "a"], [1, 0.5])
    for one, other in zip(ours.tallies(), theirs.tallies(), strict=True):
        assert one.tolist() == other.tolist()


def test_records_give_their_policies_and_the_judgments_that_count():
    record = ComparisonRecord(
        prompt=({"role": "user", "content": "Why?"},),
        responses=(ResponseRecord("Because.", policy="a"), ResponseRecord("Who knows?")),
        judgments=(
            JudgmentRecord("ann", ((0,), (1,))),
            JudgmentRecord("bob", ((1,), (0,)), is_surplus=True),
            JudgmentRecord("cy", (), all_bad=True),
        ),
    )
    expected = PolicyRanking(("a", None), ((0,), (1,)), record.prompt_hash)
    assert list(rankings_of([record], PairRules())) == [expected]
    assert len(list(rankings_of([record], PairRules(surplus="keep")))) == 2


@pytest.mark.parametrize(
    ("first", "second", "score"), [("a", "a", 1), ("a", "b", 2), ("a", "b", float("nan")), ("ab", "b", 1)]
)
def test_what_is_no_pair_is_refused(first, second, score):
    with pytest.raises(ValueError, match=r"pair|Pair|policy|score"):
        outcomes_of_pairs(list(first), list(second), [score])


def test_a_group_keeps_its_pairs_with_their_weights_and_units_of_its_own():
    outcomes = outcomes_of_pairs(["a", "a", "b"], ["b", "c", "c"], [1, 0, 0.5], units=["x", "y", "y"])
    among = outcomes.among([0, 2])
    assert among.policies == ("a", "c")
    assert among.units == 1
    assert among.weight.tolist() == [0.5]
    assert among.tallies()[0].tolist() == [[0, 0], [0.5, 0]]


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.sampled_from([0, 0.5, 1])), max_size=30))
def test_naming_the_other_response_first_changes_nothing(pairs):
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    first, second, score = [list(column) for column in zip(*pairs, strict=True)] or ([], [], [])
    one = outcomes_of_pairs(first, second, score).tallies()
    other = outcomes_of_pairs(second, first, [1 - s for s in score]).tallies()
    assert np.array_equal(one, other)
    wins, ties = one
    assert (ties == ties.T).all()
    assert wins.sum() + ties.sum() / 2 == pytest.approx(len(pairs))
    shares = shares_won(wins, ties)
    met = (wins + wins.T + ties) > 0
    assert np.allclose((shares + shares.T)[met], 1)
