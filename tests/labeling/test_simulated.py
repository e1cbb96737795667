"""Simulated annotators: the planted competence and bias must come out again."""

import random

import pytest

from labeling.stats.simulated import BAD, GOOD, SimulatedAnnotator


def first_wins(mind, qualities, draws=4000):
    draw = random.Random(5)
    return sum(mind.rank(qualities, draw)[0][0][0] == 0 for _ in range(draws)) / draws


@pytest.mark.parametrize(("gap", "expected"), [(0.0, 0.5), (1.0, 0.7311), (2.0, 0.8808)])
def test_competence_one_prefers_as_bradley_terry_says(gap, expected):
    mind = SimulatedAnnotator(competence=1.0, tie_threshold_nats=0.0)
    assert first_wins(mind, [gap, 0.0]) == pytest.approx(expected, abs=0.02)


def test_competence_nought_guesses_whatever_the_quality():
    assert first_wins(SimulatedAnnotator(competence=0.0, tie_threshold_nats=0.0), [9.0, 0.0]) == pytest.approx(
        0.5, abs=0.03
    )


def test_a_bias_to_the_first_shown_comes_out():
    mind = SimulatedAnnotator(first_bias_nats=1.0, tie_threshold_nats=0.0)
    assert first_wins(mind, [0.0, 0.0]) == pytest.approx(0.7311, abs=0.02)


def test_close_calls_become_ties_and_wide_gaps_strong_preferences():
    draw = random.Random(1)
    groups, strength = SimulatedAnnotator(tie_threshold_nats=1e9).rank([0.0, 0.0, 0.0], draw)
    assert (len(groups), strength) == (1, 0)
    groups, strength = SimulatedAnnotator(competence=100.0).rank([0.0, 5.0], draw)
    assert (groups, strength) == ([[1], [0]], 3)


def test_each_kind_of_bad_annotator_goes_wrong_in_its_own_way():
    good = first_wins(GOOD, [2.0, 0.0])
    assert good > 0.9
    assert first_wins(BAD["random clicker"], [2.0, 0.0]) == pytest.approx(0.5, abs=0.03)
    assert first_wins(BAD["careless"], [2.0, 0.0]) == pytest.approx(0.55, abs=0.03)
    assert first_wins(BAD["adversarial"], [2.0, 0.0]) < 0.1
    assert first_wins(BAD["side-biased"], [0.0, 2.0]) > 0.9


def test_a_lazy_annotator_is_faster_than_anybody_reads():
    draw = random.Random(2)
    times = [BAD["lazy"].dwell_ms(3000, draw) for _ in range(200)]
    assert sum(times) / len(times) < 3000 / 100 * 1000 / 3
