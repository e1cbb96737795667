"""The four figures at the top of a run's page."""

from datetime import timedelta

import pytest
from django.utils import timezone

from runs.models import Run
from runs.tables import flatten
from runs.tiles import duration, figure, tiles_for, time_left

NOW = timezone.now()


def make_run(**fields) -> Run:
    return Run(kind="trial_child", title="A trial", created_at=NOW - timedelta(minutes=5), **fields)


def test_a_result_is_shown_with_its_interval():
    run = make_run(state="succeeded", attempt=1, started_at=NOW - timedelta(seconds=75), finished_at=NOW,
                   result={"accuracy": 0.7243, "accuracy_low": 0.703, "accuracy_high": 0.744, "pairs": 1066,
                           "ece": 0.02, "log_loss": 0.55, "steps": 10})  # fmt: skip
    tiles = [(tile.label, tile.figure, tile.note) for tile in tiles_for(run, {})]
    assert tiles[0] == ("Held-out accuracy", "0.724", "0.703 – 0.744 · 1,066 pairs")
    assert tiles[-1] == ("Time", "1 min 15 s", "attempt 1")
    assert len(tiles) == 4


def test_a_tuned_policy_is_shown_against_its_reference():
    run = make_run(state="succeeded", attempt=1, started_at=NOW, finished_at=NOW,
                   result={"mean_reward": 1.5, "reward_gain": 0.6, "reward_gain_low": 0.41, "reward_gain_high": 0.79,
                           "kl_nats": 3.2, "steps": 9})  # fmt: skip
    assert [(tile.label, tile.figure, tile.note) for tile in tiles_for(run, {})][:3] == [
        ("Mean reward", "1.500", ""),
        ("Gain in reward", "0.600", "0.410 … 0.790"),
        ("KL to the reference", "3.200", "nats an answer"),
    ]


def test_a_run_under_way_shows_what_it_measured_last():
    run = make_run(state="running", attempt=1, started_at=NOW)
    tiles = tiles_for(run, {"train": {"loss": 0.61}, "validation": {"loss": 0.64, "accuracy": 0.7}})
    assert [(tile.label, tile.figure, tile.note) for tile in tiles[:2]] == [
        ("Loss", "0.640", "validation"),
        ("Accuracy", "0.700", "validation"),
    ]


def test_a_queued_run_shows_how_long_it_waits():
    assert tiles_for(make_run(state="queued"), {})[0].label == "Waiting"


@pytest.mark.parametrize(
    ("length", "text"), [(5, "5 s"), (65, "1 min 05 s"), (3 * 3600 + 61, "3 h 01 min"), (-1, "0 s")]
)
def test_a_duration_names_its_two_largest_units(length, text):
    assert duration(timedelta(seconds=length)) == text


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (1461, "1,461"), (0.6452, "0.645"), (123.46, "123.5"), (0.7, "0.700")]
)
def test_a_figure_is_as_long_as_it_is_useful(value, text):
    assert figure(value) == text


def test_the_time_left_follows_the_pace_of_this_attempt_alone():
    """80 steps came from a checkpoint, 20 took ten seconds: the last 100 take fifty."""
    run = make_run(state="running", progress_done=100, progress_total=200, attempt_progress=80,
                   attempt_started_at=timezone.now() - timedelta(seconds=10))  # fmt: skip
    left = time_left(run)
    assert left is not None
    assert left.total_seconds() == pytest.approx(50, abs=1)


@pytest.mark.parametrize("fields", [{"progress_total": None}, {"progress_total": 9, "state": "queued"},
                                    {"progress_total": 9, "progress_done": 4, "attempt_progress": 4}])  # fmt: skip
def test_no_time_left_is_said_where_the_pace_is_unknown(fields):
    run = make_run(**{"state": "running", "attempt_started_at": NOW - timedelta(minutes=1), **fields})
    assert time_left(run) is None


def test_nested_settings_become_rows_with_dots():
    assert flatten({"a": {"b": 1, "c": {"d": [1, 2]}}, "e": "x" * 300, "f": 2e-5, "g": [{"h": 1}, {"h": 2}]}) == [
        ("a.b", "1"),
        ("a.c.d", "[1, 2]"),
        ("e", "x" * 200 + "…"),
        ("f", "2e-05"),
        ("g", "2 entries"),
    ]
