"""Figures against values computed by hand, and intervals against known coverage."""

import math

import numpy as np
import pytest

from rewardmodel.core.metrics import (
    accuracy_interval,
    agreement,
    calibration,
    fit_temperature,
    log_loss,
    pairwise_correct,
)


def test_equal_rewards_count_half() -> None:
    assert pairwise_correct(np.array([1.0, -1.0, 0.0])).tolist() == [1, 0, 0.5]


def test_an_interval_of_certainty_has_no_width() -> None:
    interval = accuracy_interval(np.ones(10), np.arange(10))
    assert (interval.value, interval.low, interval.high) == (1, 1, 1)


def test_the_interval_of_independent_pairs_is_about_the_binomial_one() -> None:
    correct = (np.arange(400) % 4 != 0).astype(float)
    interval = accuracy_interval(correct, np.arange(400), seed=1)
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert interval.value == 0.75
    assert interval.low == pytest.approx(0.75 - half, abs=0.006)
    assert interval.high == pytest.approx(0.75 + half, abs=0.006)


def test_pairs_of_one_prompt_do_not_pretend_to_be_independent() -> None:
    correct = np.repeat((np.arange(40) % 4 != 0).astype(float), 10)
    prompts = np.repeat(np.arange(40), 10)
    clustered = accuracy_interval(correct, prompts)
    naive = accuracy_interval(correct, np.arange(400))
    assert clustered.high - clustered.low > 2.5 * (naive.high - naive.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    correct, prompts = np.array([1.0, 0, 1, 1]), np.array([0, 0, 1, 2])
    assert accuracy_interval(correct, prompts, seed=4) == accuracy_interval(correct, prompts, seed=4)


def test_interval_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="one shape"):
        accuracy_interval(np.ones(3), np.ones(1, dtype=int))


def test_log_loss_of_equal_rewards_is_log_2() -> None:
    assert log_loss(np.zeros(5)) == pytest.approx(math.log(2))
    assert log_loss(np.array([1.0])) == pytest.approx(0.3132616875)
    assert log_loss(np.array([2.0]), temperature=2.0) == pytest.approx(0.3132616875)


def test_a_planted_temperature_is_recovered() -> None:
    draw = np.random.default_rng(0)
    strength = draw.normal(0, 4, 20_000)
    wins = draw.random(20_000) < 1 / (1 + np.exp(-strength / 2.5))
    leads = np.where(wins, strength, -strength)
    temperature = fit_temperature(leads)
    assert temperature == pytest.approx(2.5, rel=0.05)
    assert calibration(leads, temperature=temperature)[0] < 0.01
    assert calibration(leads)[0] > 0.08


def test_few_pairs_are_not_calibrated_on() -> None:
    assert fit_temperature(np.array([1.0, 2.0])) == 1.0


def test_a_model_that_is_always_right_gets_no_infinite_confidence() -> None:
    assert fit_temperature(np.full(100, 3.0)) > 0.5


def test_calibration_of_a_constant_claim_is_its_gap() -> None:
    # sigmoid(ln 9) = 0.9, and 6 of 10 come true: the gap is 0.3
    leads = np.array([math.log(9)] * 6 + [-math.log(9)] * 4)
    error, bins = calibration(leads)
    assert error == pytest.approx(0.3)
    assert [(bin_.accuracy, bin_.pairs) for bin_ in bins] == [(0.6, 10)]


def test_agreement_is_the_share_of_agreeing_pairs_of_people() -> None:
    # Three votes for (0, 1) and one against: 3 of 6 pairs of people agree. Two more agree on (0, 2): 4 of 7.
    assert agreement([{(0, 1): 3, (1, 0): 1}, {(2, 0): 2}]) == pytest.approx(4 / 7)


def test_agreement_of_single_judgments_is_unknown() -> None:
    assert agreement([{(0, 1): 1}, {(1, 0): 1}]) is None
