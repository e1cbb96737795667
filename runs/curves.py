"""From metric lines to a drawing: series, the chart to show first, and its geometry as numbers for an SVG."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

# What a reader looks for first, by run: the reward of a policy, otherwise the loss.
PREFERRED = ("reward", "loss", "accuracy", "mean_reward", "margin", "kl_nats", "kl", "log_loss")
NOT_DRAWN = ("epoch", "num_tokens")
WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 52, 92, 12, 30
MOST_POINTS = 300
LABEL_GAP = 16

Point = tuple[float, float]


class Measured(Protocol):
    step: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One series of a chart, e.g. the validation loss; `path` and all places are in SVG units."""

    split: str
    points: tuple[Point, ...]
    path: str
    end_x: float
    end_y: float
    label_y: float

    @property
    def label_x(self) -> float:
        return self.end_x + 6

    @property
    def is_point(self) -> bool:
        return len(self.points) == 1


@dataclass(frozen=True)
class Tick:
    text: str
    y: float


@dataclass(frozen=True)
class Chart:
    """A metric drawn over steps, one line a split."""

    metric: str
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    first_step: int
    last_step: int
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def series_of(rows: Iterable[Measured]) -> dict[str, dict[str, list[Point]]]:
    """Points (step, value) by metric and split, in the order of steps.

    A run that went back to a checkpoint measures steps again: what it went back behind is forgotten, in every series.
    """
    series: dict[str, dict[str, list[Point]]] = defaultdict(lambda: defaultdict(list))
    before = 0
    for row in rows:
        if row.step < before:
            _forget(series, row.step)
        before = row.step
        split = str(row.values.get("split", ""))
        for metric, value in row.values.items():
            if metric in NOT_DRAWN or isinstance(value, bool) or not isinstance(value, int | float):
                continue
            points = series[metric][split]
            if points and points[-1][0] == row.step:
                points.pop()
            points.append((row.step, float(value)))
    return {metric: dict(splits) for metric, splits in series.items()}


def latest_of(rows: Iterable[Measured]) -> dict[str, dict[str, float]]:
    """The newest value of every metric by split, as `series_of` would draw its last points."""
    latest: dict[str, dict[str, float]] = defaultdict(dict)
    for metric, splits in series_of(rows).items():
        for split, points in splits.items():
            if points:
                latest[split][metric] = points[-1][1]
    return dict(latest)


def metrics_in_order(series: dict[str, Any]) -> list[str]:
    """The metrics, the one to show first in front."""
    return sorted(series, key=lambda name: (PREFERRED.index(name) if name in PREFERRED else len(PREFERRED), name))


def draw(metric: str, splits: dict[str, list[Point]]) -> Chart | None:
    """Lay out one metric; None when there is nothing to draw yet."""
    drawn = {split: thin(points) for split, points in splits.items() if points}
    if not drawn:
        return None
    steps = [step for points in drawn.values() for step, _ in points]
    ticks = nice_ticks(*_range([value for points in drawn.values() for _, value in points]))
    first, last, low, high = min(steps), max(steps), ticks[0], ticks[-1]

    def x_of(step: float) -> float:
        share = (step - first) / (last - first) if last > first else 0.5
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y_of(value: float) -> float:
        return round(HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    label_y = _spread({split: y_of(points[-1][1]) for split, points in drawn.items()})
    return Chart(
        metric=metric,
        lines=tuple(
            Line(
                split=split,
                points=tuple(points),
                path=" ".join(f"{x_of(step)},{y_of(value)}" for step, value in points),
                end_x=x_of(points[-1][0]),
                end_y=y_of(points[-1][1]),
                label_y=label_y[split],
            )
            for split, points in drawn.items()
        ),
        ticks=tuple(Tick(text=_short(value, ticks[1] - ticks[0]), y=y_of(value)) for value in ticks),
        first_step=int(first),
        last_step=int(last),
    )


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most `most` points: means of equal stretches, and the last point as it is."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / most)
    stretches = (points[start : start + size] for start in range(0, len(points), size))
    means = [(stretch[-1][0], sum(value for _, value in stretch) / len(stretch)) for stretch in stretches]
    return [*means[:-1], points[-1]]


def nice_ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers that enclose low … high (low < high), equally far apart."""
    raw = (high - low) / 4
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(magnitude * factor for factor in (1, 2, 2.5, 5, 10) if magnitude * factor >= raw)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _forget(series: dict[str, dict[str, list[Point]]], step: int) -> None:
    for splits in series.values():
        for points in splits.values():
            while points and points[-1][0] >= step:
                points.pop()


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-12):
        return low - max(abs(low) * 0.1, 0.5), high + max(abs(high) * 0.1, 0.5)
    return low, high


def _spread(heights: dict[str, float]) -> dict[str, float]:
    """Move labels apart that would lie on each other."""
    placed: dict[str, float] = {}
    lowest = -math.inf
    for split, y in sorted(heights.items(), key=lambda item: item[1]):
        lowest = max(y + 4, lowest + LABEL_GAP)
        placed[split] = lowest
    return placed


def _short(value: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) + (step / 10 ** math.floor(math.log10(step) + 1e-9) == 2.5)
    return f"{value:,.{decimals}f}" if abs(value) < 1e6 and decimals <= 6 else f"{value:.2g}"
