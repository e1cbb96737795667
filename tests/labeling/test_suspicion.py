"""What speaks against a judgment, by hand-computed values, limits and simulation."""

import math
import random

import pytest

from labeling.stats.suspicion import (
    LEAST_CHANCE_OF_RUN,
    Concordance,
    chance_of_run,
    characters_per_second,
    concordance_of,
    contradicts,
    reading_weight,
)

AB, BA, TIE = [[1], [2]], [[2], [1]], [[1, 2]]


@pytest.mark.parametrize(
    ("rankings", "share", "contradictions", "is_low"),
    [
        ([AB, AB], 1.0, 0, False),
        ([AB, BA], 0.0, 1, True),
        ([AB, TIE], 0.5, 0, False),  # not the same, but no contradiction either
        ([AB, AB, BA], 1 / 3, 2, True),
        ([AB, AB, AB, BA, BA], 0.4, 6, True),
        ([AB, AB, AB, AB, BA], 0.6, 4, False),  # four against one have settled it
        ([[[1], [2], [3]], [[3], [2], [1]]], 0.0, 3, True),
        ([[[1], [2], [3]], [[1], [3], [2]]], 2 / 3, 1, False),
    ],
)
def test_concordance_of_rankings_worked_out_by_hand(rankings, share, contradictions, is_low):
    found = concordance_of(rankings)
    assert found == Concordance(pytest.approx(share), contradictions)
    assert found.is_low is is_low


def test_one_ranking_or_rankings_of_nothing_in_common_have_no_concordance():
    assert concordance_of([AB]) is None
    assert concordance_of([[], AB]) is None
    assert concordance_of([]) is None


def test_only_the_opposite_order_contradicts():
    assert contradicts(AB, BA)
    assert not contradicts(AB, AB)
    assert not contradicts(AB, TIE)
    assert contradicts([[1], [2, 3]], [[3], [1], [2]])
    assert not contradicts([], AB)


def test_a_hangul_syllable_weighs_two_letters():
    assert reading_weight("abc de") == 6
    assert reading_weight("안녕, abc") == 2 * 2 + 5
    assert reading_weight("漢字かな") == 8


def test_pace_is_characters_over_seconds():
    assert characters_per_second(300, 3000) == 100.0
    assert characters_per_second(300, None) is None
    assert characters_per_second(300, 0) == math.inf


def test_a_run_of_pairs_halves_its_chance_with_each_judgment():
    assert chance_of_run([]) == chance_of_run([2]) == 1.0
    assert chance_of_run([2, 2, 2]) == 0.25
    assert chance_of_run([4, 4]) == 0.25
    assert chance_of_run([2] * 17) > LEAST_CHANCE_OF_RUN > chance_of_run([2] * 18)


def test_the_chance_of_a_run_is_what_a_simulation_finds():
    draw = random.Random(3)
    hits = sum(len({draw.randrange(3) for _ in range(4)}) == 1 for _ in range(40_000))
    assert hits / 40_000 == pytest.approx(chance_of_run([3] * 4), rel=0.15)
