"""Figures as coordinates of small drawings; the templates only place them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

SIDE = 220.0  # of the reliability diagram's square, in drawing units
MARGIN = 34.0
STRIP_LEFT, STRIP_RIGHT = 10.0, 590.0
STRIP_ROW = 34


@dataclass(frozen=True)
class Dot:
    """One bin of a reliability diagram: where it stands, how big, and what it says."""

    x: float
    y: float
    radius: float
    label: str


@dataclass(frozen=True)
class Row:
    """One line of the accuracy strip: a mark, its interval if it has one, and its words."""

    label: str
    value: float
    x: float | None
    low_x: float | None
    high_x: float | None
    y: int
    text_y: int
    is_model: bool


def reliability_dots(bins: Sequence[Mapping[str, Any]]) -> list[Dot]:
    """Bins as dots in a square of 220 units: right is more confident, up is more often right, both from 0.5 to 1.

    Accuracy below one half is drawn at the lower edge. A dot's area grows with its pairs.
    """
    total = sum(bin_["pairs"] for bin_ in bins) or 1
    return [
        Dot(
            x=round(MARGIN + (bin_["confidence"] - 0.5) * 2 * SIDE, 1),
            y=round(SIDE - max(0.0, bin_["accuracy"] - 0.5) * 2 * SIDE + 10, 1),
            radius=round(3 + 14 * (bin_["pairs"] / total) ** 0.5, 1),
            label=_("claimed %(claimed).2f, came true %(true).2f, %(pairs)d pairs")
            % {"claimed": bin_["confidence"], "true": bin_["accuracy"], "pairs": bin_["pairs"]},
        )
        for bin_ in bins
    ]


def accuracy_rows(metrics: Mapping[str, Any]) -> list[Row]:
    """The model's accuracy with its interval, beside what it must beat, on a scale from 0.3 to 1."""
    if metrics.get("accuracy") is None:
        return []
    baselines = metrics.get("baselines") or {}
    lines: list[tuple[str, float | None, float | None, float | None, bool]] = [
        (_("this model"), metrics["accuracy"], metrics["accuracy_low"], metrics["accuracy_high"], True),
        (_("people with each other"), metrics.get("agreement"), None, None, False),
        (_("the longer answer"), baselines.get("longer"), None, None, False),
        (_("a coin"), baselines.get("random"), None, None, False),
    ]
    rows: list[Row] = []
    for label, value, low, high, is_model in lines:
        if value is not None:
            y = 22 + STRIP_ROW * len(rows)
            rows.append(Row(label, value, _place(value), _place(low), _place(high), y, y - 7, is_model))
    return rows


def _place(value: float | None) -> float | None:
    if value is None:
        return None
    share = (value - 0.3) / 0.7
    return round(STRIP_LEFT + min(max(share, 0.0), 1.0) * (STRIP_RIGHT - STRIP_LEFT), 1)


@dataclass(frozen=True)
class Curve:
    """Training and validation loss as lines in a drawing of 600 × 240 units; empty strings where there is nothing.

    Args:
        train, validation: points of a polyline, "x,y x,y …".
        top, bottom: the losses at the upper and lower edge, in nats.
        last_step: the step at the right edge.
        train_y, validation_y: where each line ends, for its label.
    """

    train: str
    validation: str
    top: float
    bottom: float
    last_step: int
    train_y: float
    validation_y: float


def loss_curve(metrics: Sequence[Mapping[str, Any]]) -> Curve | None:
    """Lines of metrics as a curve, the training loss smoothed; None with fewer than two points."""
    series: dict[str, dict[int, float]] = {"train": {}, "validation": {}}
    for line in metrics:
        if line.get("split") in series and isinstance(line.get("loss"), int | float):
            series[line["split"]][int(line["step"])] = float(line["loss"])
    train = _smoothed(sorted(series["train"].items()))
    validation = sorted(series["validation"].items())
    if len(train) < 2:
        return None
    losses = [loss for _step, loss in (*train, *validation)]
    top, bottom = max(losses), min(losses)
    last_step = max(step for step, _loss in (*train, *validation))

    def place(step: int, loss: float) -> tuple[float, float]:
        height = (loss - bottom) / ((top - bottom) or 1.0)
        return round(50 + 470 * step / (last_step or 1), 1), round(210 - 190 * height, 1)

    def points(line: Sequence[tuple[int, float]]) -> str:
        return " ".join(f"{x},{y}" for x, y in (place(*point) for point in line))

    train_y = place(*train[-1])[1]
    validation_y = place(*validation[-1])[1] if validation else train_y
    if abs(train_y - validation_y) < 16:
        train_y, validation_y = (
            (validation_y + 16, validation_y) if train_y >= validation_y else (validation_y - 16, validation_y)
        )
    return Curve(points(train), points(validation), top, bottom, last_step, train_y, validation_y)


def _smoothed(points: Sequence[tuple[int, float]], keep: float = 0.85) -> list[tuple[int, float]]:
    """An exponential moving average, so that single steps do not hide the course."""
    smooth: list[tuple[int, float]] = []
    for step, loss in points:
        before = smooth[-1][1] if smooth else loss
        smooth.append((step, keep * before + (1 - keep) * loss))
    return smooth
