"""Plackett–Luce: rankings of two are Bradley–Terry, and rankings of more agree with choix and with brute force."""

import math
from itertools import permutations

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.stats.bradley_terry import fit_bradley_terry
from labeling.stats.outcomes import PolicyRanking, outcomes_of
from labeling.stats.plackett_luce import LARGEST_TIE, can_be_broken, fit_plackett_luce, stages_of

NAMES = ("a", "b", "c", "d", "e")


def fit(rankings, policies=NAMES):
    stages = stages_of(rankings, policies)
    return fit_plackett_luce(stages, np.ones(stages.units))


def drawn_rankings(strengths, times, seed, k=4):
    """Rankings by the model itself: the largest of strengths with Gumbel noise first."""
    draw = np.random.default_rng(seed)
    rankings = []
    for unit in range(times):
        shown = draw.choice(len(strengths), k, replace=False)
        order = np.argsort(-(strengths[shown] + draw.gumbel(size=k)))
        rankings.append(PolicyRanking(tuple(NAMES[at] for at in shown), tuple((int(at),) for at in order), unit))
    return rankings


def log_likelihood(strengths, order):
    """Of one order of policies, best first."""
    return sum(strengths[one] - np.logaddexp.reduce(strengths[list(order[at:])]) for at, one in enumerate(order))


def test_rankings_agree_with_choix():
    rankings = drawn_rankings(np.array([0.8, 0.3, 0.0, -0.4, -0.7]), 300, seed=1)
    data = [[NAMES.index(one.policies[group[0]]) for group in one.ranking] for one in rankings]
    assert fit(rankings).tolist() == pytest.approx(choix.ilsr_rankings(5, data).tolist(), abs=1e-5)


def test_planted_strengths_are_recovered():
    planted = np.array([0.8, 0.3, 0.0, -0.4, -0.7])
    assert fit(drawn_rankings(planted, 6000, seed=2)).tolist() == pytest.approx(planted.tolist(), abs=0.06)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_rankings_of_two_with_ties_are_bradley_terry_with_ties_as_half(seed):
    draw = np.random.default_rng(seed)
    verdicts = [((0,), (1,)), ((1,), (0,)), ((0, 1),)]
    rankings = [
        PolicyRanking(tuple(draw.choice(NAMES, 2, replace=False)), verdicts[draw.integers(3)], unit)
        for unit in range(200)
    ]
    wins, ties = outcomes_of(rankings).tallies()
    pairwise = fit_bradley_terry(wins[None], ties[None]).strengths[0]
    assert fit(rankings).tolist() == pytest.approx(pairwise.tolist(), abs=1e-7)


def test_a_tie_is_the_mean_over_all_ways_to_break_it():
    tied = PolicyRanking(("a", "b", "c", "d"), ((1,), (0, 2, 3)), 0)
    broken = [PolicyRanking(tied.policies, ((1,), *((one,) for one in order)), 0) for order in permutations((0, 2, 3))]
    others = drawn_rankings(np.zeros(4), 30, seed=3)
    others = [PolicyRanking(one.policies, one.ranking, one.unit + 1) for one in others]
    assert fit([tied, *others], NAMES[:4]).tolist() == pytest.approx(
        fit([*broken, *others], NAMES[:4]).tolist(), abs=1e-8
    )


def test_what_is_left_out_stands_below_in_no_order():
    strengths = np.array([0.5, 0.1, -0.2, -0.4])
    stages = stages_of([PolicyRanking(NAMES[:4], ((1,),), 0)], NAMES[:4])
    chosen, sets = stages.totals(np.ones(1))
    assert chosen.tolist() == [0, 1, 0, 0]
    assert sets.tolist() == [1]
    whole = [log_likelihood(strengths, (1, *order)) for order in permutations((0, 2, 3))]
    assert np.logaddexp.reduce(whole) == pytest.approx(strengths[1] - np.logaddexp.reduce(strengths))


def test_two_responses_of_one_policy_are_two_chances():
    rankings = [
        PolicyRanking(("a", "a", "b"), ranking, unit) for unit, ranking in enumerate([((0,),), ((1,),), ((2,),)])
    ]
    strengths = fit(rankings, ("a", "b"))
    assert strengths[0] - strengths[1] == pytest.approx(0)  # 2α/(2α + β) = 2/3 where α = β


def test_policies_outside_leave_the_rankings():
    rankings = drawn_rankings(np.array([0.8, 0.3, 0.0, -0.4, -0.7]), 200, seed=4)
    shorter = []
    for one in rankings:
        kept = [at for at, name in enumerate(one.policies) if name in "abc"]
        groups = tuple(group for group in one.ranking if group[0] in kept)
        shorter.append(
            PolicyRanking(tuple(one.policies[at] for at in kept), tuple((kept.index(g[0]),) for g in groups), one.unit)
        )
    assert fit(rankings, ("a", "b", "c")).tolist() == pytest.approx(fit(shorter, ("a", "b", "c")).tolist(), abs=1e-9)


def test_judging_a_unit_twice_alike_changes_nothing():
    rankings = drawn_rankings(np.zeros(5), 40, seed=5)
    assert fit(rankings + rankings).tolist() == pytest.approx(fit(rankings).tolist(), abs=1e-9)


def test_a_tie_that_is_too_large_is_refused():
    names = tuple("abcdefghij")
    large = PolicyRanking(names, (tuple(range(LARGEST_TIE + 1)),), 0)
    assert not can_be_broken(large)
    assert can_be_broken(PolicyRanking(names, (tuple(range(LARGEST_TIE)),), 0))
    with pytest.raises(ValueError, match="cannot be broken"):
        stages_of([large], names)


def test_two_to_one_is_log_two():
    win, loss = ((0,), (1,)), ((1,), (0,))
    strengths = fit([PolicyRanking(("a", "b"), one, at) for at, one in enumerate([win, win, loss])], ("a", "b"))
    assert strengths[0] - strengths[1] == pytest.approx(math.log(2))
