"""Curves as SVG: a line of means and a band of extremes for each way of training, over epochs or amounts of data."""

import html
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 420, 300, 52, 12, 34, 44
KEY_LINE = 20
STEPS, MOST_TICKS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0), 7
DASHES = ("none", "9 4", "3 3")
INK, GRID = "#374151", "#e5e7eb"


@dataclass(frozen=True)
class Panel:
    """One figure at several places.

    Args:
        title: what it is, with its unit.
        runs: by way of training, the values at all places, a sequence for each seed.
        places: what the places are called, from left to right; drawn at equal distances.
        axis: what they are places of.
        mark: a value that means something, and its name; drawn as a line where it is in sight.
    """

    title: str
    runs: Mapping[str, Sequence[Sequence[float]]]
    places: Sequence[str]
    axis: str
    mark: tuple[float, str] | None = None

    @property
    def values(self) -> list[float]:
        return [value for runs in self.runs.values() for run in runs for value in run]


def drawn(panels: Sequence[Panel], colours: Mapping[str, str], *, title: str) -> str:
    """Panels side by side, one key below them."""
    width, height = WIDTH * len(panels), HEIGHT + KEY_LINE * (len(colours) + 1)
    parts = [f'<g transform="translate({WIDTH * at},0)">{"".join(_panel(panel, colours))}</g>'
             for at, panel in enumerate(panels)]  # fmt: skip
    for line, ((way, colour), dashes) in enumerate(zip(colours.items(), DASHES[: len(colours)], strict=True)):
        y = HEIGHT + KEY_LINE * line + 4
        stroke = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"'
        parts.append(f'<path d="M{LEFT},{y}h36" {stroke}/>' + _text(LEFT + 46, y + 4, way))
    parts.append(_text(LEFT, height - 12, title, size=11))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="sans-serif"><title>{html.escape(title)}</title>'
        f'<rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


def ticks(low: float, high: float) -> list[float]:
    """Round values between two others, seven at most."""
    step = next((step for step in STEPS if (high - low) / step < MOST_TICKS), STEPS[-1])
    return [round(number * step, 3) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _panel(panel: Panel, colours: Mapping[str, str]) -> Iterator[str]:
    low, high = min(panel.values), max(panel.values)
    room = (high - low) * 0.06 or 0.01
    low, high = low - room, high + room

    def x(place: int) -> float:
        return LEFT + 12 + place / max(1, len(panel.places) - 1) * (WIDTH - LEFT - RIGHT - 24)

    def y(value: float) -> float:
        return TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    def line(values: Sequence[float]) -> str:
        return " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in enumerate(values))

    yield _text(LEFT, 18, panel.title, weight="bold")
    for value in ticks(low, high):
        yield f'<path d="M{LEFT},{y(value):.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield _text(LEFT - 6, y(value) + 4, f"{value:g}", anchor="end", size=11)
    if panel.mark and low < panel.mark[0] < high:
        value, name = panel.mark
        yield f'<path d="M{LEFT},{y(value):.1f}H{WIDTH - RIGHT}" stroke="{INK}" stroke-dasharray="4 4"/>'
        yield _text(WIDTH - RIGHT, y(value) - 5, name, anchor="end", size=11)
    for place, name in enumerate(panel.places):
        yield _text(x(place), HEIGHT - BOTTOM + 18, name, anchor="middle", size=11)
    yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 10, panel.axis, anchor="middle", size=11)
    for (way, runs), dashes in zip(panel.runs.items(), DASHES[: len(panel.runs)], strict=True):
        each, colour = list(zip(*runs, strict=True)), colours[way]
        least, most = [min(values) for values in each], [max(values) for values in each]
        band = f"{line(most)} {' '.join(reversed(line(least).split()))}"
        yield f'<polygon points="{band}" fill="{colour}" fill-opacity="0.13"/>'
        means = line([statistics.mean(values) for values in each])
        stroke = f'stroke="{colour}" stroke-width="2.5" stroke-dasharray="{dashes}"'
        yield f'<polyline points="{means}" fill="none" {stroke}/>'


def _text(x: float, y: float, words: str, *, anchor: str = "start", size: int = 13, weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}">{html.escape(words)}</text>'
    )
