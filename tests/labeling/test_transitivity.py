"""Circles: triads against brute force, Kendall's coefficient against its formula, annotators one by one."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labeling.stats.intervals import wilson_share
from labeling.stats.transitivity import (
    PairVerdict,
    circular_triads,
    consistency_of_annotators,
    kendall_zeta,
    most_circular_triads,
)
from labeling.stats.undefined import Undefined

STONE_PAPER_SCISSORS = np.array([[0, 0, 1], [1, 0, 0], [0, 1, 0]], dtype=bool)


def tournament(wins, size):
    beats = np.zeros((size, size), dtype=bool)
    for won, (one, other) in zip(wins, combinations(range(size), 2), strict=True):
        beats[(one, other) if won else (other, one)] = True
    return beats


def tournaments(size):
    pairs = size * (size - 1) // 2
    return st.lists(st.booleans(), min_size=pairs, max_size=pairs).map(lambda wins: tournament(wins, size))


def test_a_circle_is_counted_and_an_order_has_none():
    assert circular_triads(STONE_PAPER_SCISSORS) == (1, 1)
    assert circular_triads(np.triu(np.ones((5, 5), dtype=bool), 1)) == (10, 0)


def test_a_missing_pair_makes_no_triad():
    assert circular_triads(np.array([[0, 1, 1], [0, 0, 0], [0, 0, 0]], dtype=bool)) == (0, 0)


@given(st.integers(3, 7).flatmap(tournaments))
def test_counts_agree_with_brute_force_and_with_kendalls_formula(beats):
    size = len(beats)
    circles = sum(beats[a, b] and beats[b, c] and beats[c, a] for a, b, c in permutations(range(size), 3)) // 3
    assert circular_triads(beats) == (len(list(combinations(range(size), 3))), circles)
    # Kendall & Babington Smith 1940: d = n(n − 1)(2n − 1)/12 − Σ a²/2.
    assert circles == size * (size - 1) * (2 * size - 1) / 12 - (beats.sum(axis=1) ** 2).sum() / 2
    zeta = kendall_zeta(beats)
    assert 0 <= zeta <= 1
    assert (zeta == 1) == (circles == 0)
    order = np.random.default_rng(size).permutation(size)
    assert kendall_zeta(beats[np.ix_(order, order)]) == zeta
    assert kendall_zeta(beats.T) == zeta


@pytest.mark.parametrize(("items", "most"), [(3, 1), (4, 2), (5, 5), (6, 8), (7, 14)])
def test_most_circular_triads_are_those_of_kendalls_table(items, most):
    assert most_circular_triads(items) == most


@pytest.mark.parametrize("beats", [np.zeros((2, 2), dtype=bool), np.zeros((3, 3), dtype=bool)])
def test_too_few_items_or_a_missing_pair_have_no_coefficient(beats):
    assert isinstance(kendall_zeta(beats), Undefined)


def verdicts(annotator, group, *pairs):
    return [PairVerdict(annotator, group, first, second, score) for first, second, score in pairs]


CIRCLE = (("x", "y", 1), ("y", "z", 1), ("z", "x", 1))
ORDER = (("x", "y", 1), ("y", "z", 1), ("z", "x", 0))


def test_each_annotator_is_held_against_themselves_alone():
    found = consistency_of_annotators([*verdicts("ann", 1, *CIRCLE), *verdicts("bob", 1, *ORDER)])
    assert (found["ann"].circular, found["ann"].zeta) == (1, 0)
    assert (found["bob"].circular, found["bob"].zeta) == (0, 1)
    assert found["ann"].share == wilson_share(1.0, 1)


def test_groups_are_apart_and_their_triads_add_up():
    both = consistency_of_annotators([*verdicts("ann", 1, *CIRCLE), *verdicts("ann", 2, *ORDER)])["ann"]
    assert (both.triads, both.circular, both.zeta) == (2, 1, 0.5)
    split = consistency_of_annotators(
        [
            *verdicts("ann", 1, *CIRCLE[:2]),
            *verdicts("ann", 2, *CIRCLE[2:]),
        ]
    )["ann"]
    assert split.triads == 0
    assert isinstance(split.share, Undefined)
    assert isinstance(split.zeta, Undefined)


def test_ties_make_no_triad_but_are_counted():
    found = consistency_of_annotators(verdicts("ann", 1, *CIRCLE[:2], ("z", "x", 0.5)))["ann"]
    assert (found.triads, found.circular, found.tied, found.tied_misfits) == (0, 0, 1, 1)


@given(st.lists(st.sampled_from([0, 0.5, 1]), min_size=6, max_size=6))
def test_ties_that_fit_no_order_are_those_that_brute_force_finds(scores):
    pairs = list(combinations(range(4), 2))
    score = dict(zip(pairs, scores, strict=True))
    score |= {(other, one): 1 - won for (one, other), won in score.items()}
    found = consistency_of_annotators(
        PairVerdict("ann", 1, one, other, won) for (one, other), won in score.items() if one < other
    )["ann"]
    tied = [three for three in combinations(range(4), 3) if 0.5 in {score[pair] for pair in combinations(three, 2)}]
    assert found.tied == len(tied)

    def fits(three):
        places = ({item: place[at] for at, item in enumerate(three)} for place in product(range(3), repeat=3))
        return any(
            all(score[a, b] == (0.5 if p[a] == p[b] else float(p[a] < p[b])) for a, b in combinations(three, 2))
            for p in places
        )

    assert found.tied_misfits == sum(not fits(three) for three in tied)


def test_a_pair_judged_again_counts_by_its_majority():
    again = verdicts("ann", 1, *CIRCLE, ("x", "z", 1), ("x", "z", 1))
    assert consistency_of_annotators(again)["ann"].circular == 0
    undecided = verdicts("ann", 1, *CIRCLE, ("x", "z", 1))
    assert consistency_of_annotators(undecided)["ann"].tied == 1


def test_triads_that_share_pairs_are_not_so_many_trials():
    items = list(combinations("abcdef", 2))
    found = consistency_of_annotators(verdicts("ann", 1, *((one, other, 1) for one, other in items)))["ann"]
    assert found.triads == 20
    assert found.share.n == 5  # 15 pairs make at most 5 triads without a pair in common


def test_a_coin_makes_one_in_four_circular():
    draw = np.random.default_rng(1)
    coin = [
        PairVerdict("coin", group, one, other, float(draw.integers(2)))
        for group in range(400)
        for one, other in combinations("abcd", 2)
    ]
    found = consistency_of_annotators(coin)["coin"]
    assert found.share.low < 0.25 < found.share.high
    assert found.zeta == pytest.approx(0.5, abs=0.05)  # of four items at most 2 triads of 4 are circular


def test_nobody_has_no_consistency():
    assert consistency_of_annotators([]) == {}
