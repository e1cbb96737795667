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
