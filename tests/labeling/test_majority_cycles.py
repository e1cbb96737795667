"""Circles among policies: planted ones are found, and those that noise makes are known as such."""

import math

import numpy as np
import pytest

from labeling.stats.majority_cycles import majority_cycles
from labeling.stats.outcomes import outcomes_of, outcomes_of_pairs
from labeling.stats.undefined import Undefined


def games(*pairs):
    """Each (winner, loser, wins, losses)."""
    rows = [(one, other, score) for one, other, won, lost in pairs for score in [1] * won + [0] * lost]
    return outcomes_of_pairs(*(list(column) for column in zip(*rows, strict=True)))


def test_a_planted_circle_is_found_with_its_weakest_link():
    found = majority_cycles(games(("a", "b", 30, 10), ("b", "c", 30, 10), ("c", "a", 28, 12), ("a", "d", 9, 1)))
    assert (found.triads, found.circular) == (1, 1)
    (cycle,) = found.cycles
    assert cycle.policies == ("a", "b", "c")
    assert cycle.weakest == pytest.approx(0.7)
    assert cycle.support > 0.95
    assert found.tangles == (("a", "b", "c"),)


def test_a_clear_order_has_no_circle_and_noise_would_make_none():
    found = majority_cycles(games(("a", "b", 400, 100), ("b", "c", 400, 100), ("c", "a", 100, 400)))
    assert (found.circular, found.cycles, found.tangles) == (0, (), ())
    assert (found.by_noise.low, found.by_noise.high) == (0, 0)


def test_noise_among_equals_explains_their_circles():
    draw = np.random.default_rng(1)
    first, second = zip(*(draw.choice(list("abcdefgh"), 2, replace=False) for _ in range(800)), strict=True)
    found = majority_cycles(outcomes_of_pairs(first, second, draw.integers(0, 2, 800).tolist()))
    assert found.circular > 0
    assert found.by_noise.low <= found.share <= found.by_noise.high


def test_an_even_pair_decides_nothing():
    found = majority_cycles(games(("a", "b", 2, 1), ("b", "c", 2, 1), ("c", "a", 2, 2)))
    assert (found.triads, found.circular) == (0, 0)


def test_policies_on_no_common_scale_have_no_chances_to_draw_from():
    found = majority_cycles(games(("a", "b", 2, 0), ("b", "c", 2, 0), ("a", "c", 2, 0)))
    assert (found.triads, found.circular) == (1, 0)
    assert isinstance(found.by_noise, Undefined)


def test_without_judgments_there_is_no_circle():
    found = majority_cycles(outcomes_of([]))
    assert (found.triads, found.circular, found.cycles, found.tangles) == (0, 0, (), ())
    assert isinstance(found.share, Undefined)


def test_one_unit_a_pair_supports_a_circle_no_more_than_one_win_can():
    found = majority_cycles(games(("a", "b", 1, 0), ("b", "c", 1, 0), ("c", "a", 1, 0)))
    won_once = 1 / 2 + 1 / math.pi  # of Beta(3/2, 1/2) above 1/2
    assert found.cycles[0].support == pytest.approx(won_once**3)
    units = outcomes_of_pairs(["a", "a", "b", "c"], ["b", "b", "c", "a"], [1] * 4, units=[1, 1, 2, 3])
    assert majority_cycles(units).cycles[0].support == pytest.approx(won_once**3)


def test_where_most_are_ties_noise_is_drawn_with_ties():
    rows = [(one, other, score) for one, other in ("ab", "bc", "ca") for score in [1, 0, *[0.5] * 8]] * 3
    found = majority_cycles(outcomes_of_pairs(*(list(column) for column in zip(*rows, strict=True))))
    assert (found.triads, found.circular) == (0, 0)
    assert isinstance(found.by_noise, Undefined)  # in some rounds a pair is even, and there is no triad
