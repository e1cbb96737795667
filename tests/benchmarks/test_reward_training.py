"""What the benchmark of training makes of what a run writes down."""

import pytest

from benchmarks.report import Row
from benchmarks.reward_training import APART, OURS, TUNED, require_equal_losses, seconds_after_the_first


def test_the_first_step_is_not_timed_and_every_later_one_is() -> None:
    steps = [
        {"num_tokens": 100, "tokens_per_second": 1.0},  # compiled for 100 seconds
        {"num_tokens": 300, "tokens_per_second": 50.0},
        {"num_tokens": 330, "tokens_per_second": 10.0},
    ]
    assert seconds_after_the_first(steps) == pytest.approx(4.0 + 3.0)


def test_losses_that_differ_end_the_run_once_what_was_measured_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Row("K = 2", OURS, None, 12.5, "comparisons/s"), Row(f"K = 2; {APART}", OURS, TUNED, 0.02, "nats")]
    require_equal_losses(rows, 0.05)
    assert not capsys.readouterr().out
    with pytest.raises(AssertionError, match=r"above 0\.001 nats: K = 2"):
        require_equal_losses(rows, 0.001)
    assert "12.5000 comparisons/s" in capsys.readouterr().out
