"""From metric lines to a drawing."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.curves import HEIGHT, MOST_POINTS, draw, latest_of, metrics_in_order, nice_ticks, series_of, thin


@dataclass
class Row:
    step: int
    values: dict[str, Any]


def test_series_are_kept_apart_by_metric_and_split():
    rows = [Row(1, {"split": "train", "loss": 0.7, "note": "x", "flag": True, "num_tokens": 9}),
            Row(1, {"split": "validation", "loss": 0.8}), Row(2, {"loss": None, "kl": 0})]  # fmt: skip
    assert series_of(rows) == {
        "loss": {"train": [(1, 0.7)], "validation": [(1, 0.8)]},
        "kl": {"": [(2, 0.0)]},
    }


def test_steps_measured_again_after_a_resume_replace_what_was_behind():
    rows = [Row(step, {"loss": float(step)}) for step in (1, 2, 3, 4, 3, 4, 5)]
    rows[4].values["loss"] = 30.0
    assert series_of(rows)["loss"][""] == [(1, 1.0), (2, 2.0), (3, 30.0), (4, 4.0), (5, 5.0)]


def test_going_back_forgets_the_validation_that_was_measured_behind():
    rows = [Row(8, {"split": "train", "loss": 0.5}), Row(8, {"split": "validation", "loss": 0.6}),
            Row(1, {"split": "train", "loss": 0.7})]  # fmt: skip
    assert series_of(rows)["loss"] == {"train": [(1, 0.7)], "validation": []}
    assert latest_of(rows) == {"train": {"loss": 0.7}}


def test_the_metric_to_look_at_comes_first():
    assert metrics_in_order({"grad_norm": 1, "accuracy": 1, "loss": 1}) == ["loss", "accuracy", "grad_norm"]
    assert metrics_in_order({"loss": 1, "reward": 1})[0] == "reward"


def test_ticks_are_round_and_enclose_the_values():
    assert nice_ticks(0.52, 0.69) == [0.5, 0.55, 0.6, 0.65, 0.7]
    assert nice_ticks(0, 100) == [0, 25, 50, 75, 100]


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_always_enclose_what_they_measure(low, width):
    ticks = nice_ticks(low, low + width)
    assert ticks[0] <= low + width * 1e-6
    assert ticks[-1] >= low + width * (1 - 1e-6)
    assert 2 <= len(ticks) <= 7


def test_a_drawing_stays_in_its_frame_and_its_labels_apart():
    chart = draw("loss", {"train": [(1, 0.7), (100, 0.5)], "validation": [(10, 0.7), (100, 0.501)]})
    assert chart is not None
    assert [tick.text for tick in chart.ticks] == ["0.50", "0.55", "0.60", "0.65", "0.70"]
    ys = [float(point.split(",")[1]) for line in chart.lines for point in line.path.split()]
    assert all(0 <= y <= HEIGHT for y in ys)
    first, second = (line.label_y for line in chart.lines)
    assert abs(first - second) >= 16


@pytest.mark.parametrize("points", [[(1, 0.5)], [(1, 0.5), (2, 0.5)], [(1, 0.0)]])
def test_a_flat_or_single_point_can_be_drawn(points):
    assert draw("loss", {"train": points}) is not None


def test_nothing_is_drawn_from_nothing():
    assert draw("loss", {"train": []}) is None


def test_thinning_keeps_means_and_the_last_point():
    points = [(float(step), float(step % 2)) for step in range(10 * MOST_POINTS)]
    thinned = thin(points)
    assert len(thinned) == MOST_POINTS
    assert thinned[0] == (9.0, 0.5)
    assert thinned[-1] == points[-1]
