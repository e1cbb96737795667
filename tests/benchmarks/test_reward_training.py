"""What the benchmark of training makes of what a run writes down."""

import pytest

from benchmarks.reward_training import seconds_after_the_first


def test_the_first_step_is_not_timed_and_every_later_one_is() -> None:
    steps = [
        {"num_tokens": 100, "tokens_per_second": 1.0},  # compiled for 100 seconds
        {"num_tokens": 300, "tokens_per_second": 50.0},
        {"num_tokens": 330, "tokens_per_second": 10.0},
    ]
    assert seconds_after_the_first(steps) == pytest.approx(4.0 + 3.0)
