"""Figures of pairs against values computed by hand."""

import math

import numpy as np
import pytest

from rewardmodel.core.metrics import log_loss, pair_brier, pairwise_correct, win_probability


def test_equal_rewards_count_half() -> None:
    assert pairwise_correct(np.array([1.0, -1.0, 0.0])).tolist() == [1, 0, 0.5]


def test_log_loss_of_equal_rewards_is_log_2() -> None:
    assert log_loss(np.zeros(5)) == pytest.approx(math.log(2))
    assert log_loss(np.array([1.0])) == pytest.approx(0.3132616875)
    assert log_loss(np.array([2.0]), temperature=2.0) == pytest.approx(0.3132616875)


def test_the_brier_score_of_equal_rewards_is_a_quarter_and_that_of_certainty_0_or_1() -> None:
    assert pair_brier(np.array([0.0, 800.0, -800.0])).tolist() == [0.25, 0, 1]
    assert pair_brier(np.array([math.log(3)])) == pytest.approx((1 / 4) ** 2)


def test_a_lead_of_log_3_wins_three_times_in_four() -> None:
    assert win_probability(np.array([math.log(3), -math.log(3), 0])).tolist() == pytest.approx([0.75, 0.25, 0.5])
