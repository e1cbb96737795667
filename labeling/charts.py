"""Figures as coordinates of small drawings; templates only place them.

An interval chart is a table: words left, figures right, and between them one small drawing a row whose places are
percentages of its width. Text is thus never scaled, wraps on a phone, prints, and is read aloud as a table is.
Templates: `labeling/_interval_chart.html`, `_bar_chart.html`, `_time_chart.html`; styles: `static/css/charts.css`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["", "good", "bad", "quiet"]

# A place is at least so far from a drawing's edge, in percent of its width, that a mark is drawn whole.
EDGE = 3.0
TIME_WIDTH, TIME_HEIGHT, TIME_MARGIN = 240.0, 72.0, 6.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One line of an interval chart, before it is drawn.

    Attributes:
        label: what it is of.
        value, low, high: the estimate and its 95 % interval; without ends only the mark is drawn, without a value
            nothing is.
        note: what stands below the figures: how much it rests on, or why there is no value.
        tone: `good` or `bad` where the page says so in words too, `quiet` for what is beside the point.
        href: where the label leads.
    """

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""
    tone: Tone = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """A measure with its places, in percent of the drawing's width, as an SVG attribute takes them."""

    measure: Measure
    said: str
    said_interval: str
    x: str
    low_x: str
    high_x: str


@dataclass(frozen=True, slots=True)
class Tick:
    text: str
    x: str


@dataclass(frozen=True, slots=True)
class IntervalChart:
    """Estimates with their intervals below each other, on one scale."""

    rows: tuple[IntervalRow, ...]
    ticks: tuple[Tick, ...]
    reference_x: str  # where a line stands that the figures are to be compared with; "" without one
    reference: str


def three_decimals(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def shortest(value: float) -> str:
    """A number with as many digits as it needs: `0.25`."""
    return f"{value:g}".replace("-", "−")


def percent(value: float) -> str:
    """A share as percent: `61.2 %`."""
    return f"{100 * value:.1f} %".replace("-", "−")


def interval_chart(
    measures: Sequence[Measure],
    *,
    least: float | None = None,
    most: float | None = None,
    reference: float | None = None,
    say: Callable[[float], str] = three_decimals,
    tick: Callable[[float], str] = shortest,
) -> IntervalChart:
    """Lay estimates out on one scale.

    Args:
        least, most: the scale's ends; by default round numbers around what is drawn. What lies beyond is drawn at the
            edge.
        reference: a value to compare with: chance, no bias.
        say, tick: how a figure is written beside the drawing, and on its scale.
    """
    given = [value for one in measures for value in (one.value, one.low, one.high) if value is not None]
    if reference is not None:
        given.append(reference)
    low, high = _ends(given)
    least, most = low if least is None else least, high if most is None else most

    def place(value: float | None) -> str:
        if value is None:
            return ""
        share = min(max((value - least) / (most - least), 0.0), 1.0)
        return f"{EDGE + share * (100 - 2 * EDGE):.2f}%"

    marks = [mark for mark in round_numbers(least, most) if least - 1e-9 <= mark <= most + 1e-9]
    return IntervalChart(
        rows=tuple(
            IntervalRow(
                measure=one,
                said="" if one.value is None else say(one.value),
                said_interval="" if one.low is None or one.high is None else f"({say(one.low)} – {say(one.high)})",
                x=place(one.value),
                low_x=place(one.low),
                high_x=place(one.high),
            )
            for one in measures
        ),
        ticks=tuple(Tick(tick(mark), place(mark)) for mark in marks),
        reference_x=place(reference),
        reference="" if reference is None else say(reference),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its length in percent of the drawing's width, and its share of all."""

    label: str
    count: int
    share: str
    width: str


@dataclass(frozen=True, slots=True)
class BarChart:
    """Counts below each other, as bars from one line; the longest takes the whole width."""

    bars: tuple[Bar, ...]


def bar_chart(counts: Sequence[tuple[str, int]]) -> BarChart:
    """Lay counts out, in the order given."""
    most, total = max((count for _label, count in counts), default=0) or 1, sum(count for _label, count in counts) or 1
    return BarChart(
        tuple(Bar(label, count, percent(count / total), f"{100 * count / most:.2f}%") for label, count in counts)
    )


@dataclass(frozen=True, slots=True)
class TimeChart:
    """One figure over time, as a small drawing of 240 by 72 units; one of several on the same scale."""

    title: str
    path: str
    points: tuple[tuple[float, float], ...]
    first: str
    last: str
    latest: str
    reference_y: float | None
    top: float = TIME_MARGIN
    bottom: float = TIME_HEIGHT - TIME_MARGIN
    width: float = TIME_WIDTH
    height: float = TIME_HEIGHT


def time_chart(
    title: str,
    points: Sequence[tuple[str, float]],
    *,
    least: float | None = None,
    most: float | None = None,
    reference: float | None = None,
    say: Callable[[float], str] = three_decimals,
) -> TimeChart | None:
    """Lay one figure out over equal steps of time; None without a point.

    Args:
        points: (what the step is called, value), oldest first.
        least, most: the scale's ends; by default round numbers around the values.
        reference: a value to compare with.
    """
    if not points:
        return None
    values = [value for _name, value in points]
    low, high = _ends(values if reference is None else [*values, reference])
    least, most = low if least is None else least, high if most is None else most
    room = TIME_WIDTH - 2 * TIME_MARGIN, TIME_HEIGHT - 2 * TIME_MARGIN

    def y_of(value: float) -> float:
        share = min(max((value - least) / (most - least), 0.0), 1.0)
        return round(TIME_MARGIN + (1 - share) * room[1], 1)

    placed = tuple(
        (round(TIME_MARGIN + (at / (len(values) - 1) if len(values) > 1 else 0.5) * room[0], 1), y_of(value))
        for at, value in enumerate(values)
    )
    return TimeChart(
        title=title,
        path=" ".join(f"{x},{y}" for x, y in placed),
        points=placed,
        first=points[0][0],
        last=points[-1][0],
        latest=say(values[-1]),
        reference_y=None if reference is None else y_of(reference),
    )


def round_numbers(low: float, high: float) -> list[float]:
    """Three to six round numbers that enclose low … high, equally far apart; 0 to 1 gives quarters.

    Raises: ValueError if there is nothing between the two.
    """
    if not low < high:
        raise ValueError(f"A scale leads from one number to a larger one, not from {low} to {high}.")
    raw = (high - low) / 4
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(magnitude * factor for factor in (1, 2, 2.5, 5, 10) if magnitude * factor >= raw - 1e-12)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _ends(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    if math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-12):
        low, high = low - max(abs(low) * 0.1, 0.5), high + max(abs(high) * 0.1, 0.5)
    numbers = round_numbers(low, high)
    return numbers[0], numbers[-1]
