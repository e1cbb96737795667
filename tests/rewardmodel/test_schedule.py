"""The course of the learning rate: up in a line, then as the schedule says."""

import math

import pytest

from rewardmodel.core.training.schedule import learning_rate_share


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_the_learning_rate_rises_then_falls(schedule: str) -> None:
    shares = [learning_rate_share(step, 100, warmup_fraction=0.1, schedule=schedule) for step in range(100)]
    assert shares[0] == pytest.approx(0.1)
    assert max(shares) == shares[9] == 1
    assert shares[9:] == sorted(shares[9:], reverse=True)
    assert shares[-1] > 0


def test_after_the_warm_up_a_constant_rate_stays_at_its_peak() -> None:
    shares = [learning_rate_share(step, 20, warmup_fraction=0.2, schedule="constant") for step in range(20)]
    assert shares == [0.25, 0.5, 0.75, *[1.0] * 17]


def test_halfway_down_line_and_cosine_meet() -> None:
    for schedule in ("linear", "cosine"):
        assert learning_rate_share(6, 11, warmup_fraction=0.1, schedule=schedule) == pytest.approx(5 / 11, abs=0.05)
    expected = (1 - math.cos(math.pi * 2 / 10)) / 2
    assert learning_rate_share(8, 10, warmup_fraction=0.1, schedule="cosine") == pytest.approx(expected)


def test_a_run_of_one_step_gets_the_whole_rate() -> None:
    for schedule in ("linear", "cosine", "constant"):
        assert learning_rate_share(0, 1, warmup_fraction=0.0, schedule=schedule) == 1
