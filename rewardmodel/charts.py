"""The reliability diagram as coordinates; the template only places them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

SIDE = 220.0  # of the diagram's square, in drawing units
MARGIN = 34.0
TOP = 10.0


@dataclass(frozen=True)
class Dot:
    """One bin of a reliability diagram: where it stands, how big, the ends of its interval, and what it says."""

    x: float
    y: float
    radius: float
    low_y: float | None
    high_y: float | None
    label: str


def reliability_dots(bins: Sequence[Mapping[str, Any]]) -> list[Dot]:
    """Bins as dots in a square of 220 units: right is more confident, up is more often right, both from 0.5 to 1.

    Accuracy below one half is drawn at the lower edge. A dot's area grows with its pairs.
    """
    total = sum(bin_["pairs"] for bin_ in bins) or 1
    return [
        Dot(
            x=round(MARGIN + (bin_["confidence"] - 0.5) * 2 * SIDE, 1),
            y=_height(bin_["accuracy"]),
            radius=round(3 + 14 * (bin_["pairs"] / total) ** 0.5, 1),
            low_y=None if bin_.get("accuracy_low") is None else _height(bin_["accuracy_low"]),
            high_y=None if bin_.get("accuracy_high") is None else _height(bin_["accuracy_high"]),
            label=_("claimed %(claimed).2f, came true %(true).2f, %(pairs)d pairs")
            % {"claimed": bin_["confidence"], "true": bin_["accuracy"], "pairs": bin_["pairs"]},
        )
        for bin_ in bins
    ]


def _height(accuracy: float) -> float:
    return round(TOP + SIDE - max(0.0, accuracy - 0.5) * 2 * SIDE, 1)
