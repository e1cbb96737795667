"""The outcome of a sweep over one setting, as coordinates; the template only places them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from labeling.charts import three_decimals
from rewardmodel.sweep_outcomes import Outcome
from runs.curves import Tick, nice_ticks

WIDTH, HEIGHT = 320.0, 214.0
LEFT, RIGHT, TOP, BOTTOM = 52.0, 16.0, 12.0, 30.0
LABEL_WIDTH = 62.0  # of a value written below the drawing
TENFOLD = 10.0  # from so many times the smallest value on, distances are those of logarithms


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    label: str
    is_best: bool


@dataclass(frozen=True)
class Band:
    """The best run's 95 % interval, as far as the drawing reaches."""

    y: float
    height: float


@dataclass(frozen=True)
class Place:
    text: str
    x: float


@dataclass(frozen=True)
class SettingChart:
    """Validation log loss of each measured run over what one setting was; lower is better.

    mean_path joins the means of the values; "" where values were drawn from a range and hardly any comes twice.
    """

    setting: str
    is_logarithmic: bool
    dots: tuple[Dot, ...]
    mean_path: str
    band: Band | None
    places: tuple[Place, ...]
    ticks: tuple[Tick, ...]
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM
    plot_width: float = WIDTH - LEFT - RIGHT


def said_value(value: Any) -> str:
    """A setting's value as people read it: 1e-05 is written "1e-5", null as a dash."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return f"{value:g}".replace("e-0", "e-")


def setting_chart(setting: str, outcomes: Sequence[Outcome], best: Outcome, *, is_range: bool) -> SettingChart | None:
    """Lay out the measured runs over one setting; None where fewer than two of its values were measured."""
    measured = [(outcome.settings[setting], outcome) for outcome in outcomes if outcome.is_measured]
    xs, is_logarithmic = _places([value for value, _ in measured])
    if len(xs) < 2:
        return None
    losses = [outcome.loss["value"] for _, outcome in measured]
    ticks = nice_ticks(*_range(losses))
    low, high = ticks[0], ticks[-1]

    def y_of(loss: float) -> float:
        share = min(max((loss - low) / (high - low), 0.0), 1.0)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)

    def x_of(value: Any) -> float:
        return round(LEFT + 8 + xs[said_value(value)] * (WIDTH - LEFT - RIGHT - 16), 1)

    by_x: dict[float, list[float]] = {}
    for (value, _), loss in zip(measured, losses, strict=True):
        by_x.setdefault(x_of(value), []).append(loss)
    top, bottom = y_of(best.loss["high"]), y_of(best.loss["low"])
    step = ticks[1] - ticks[0]
    return SettingChart(
        setting=setting,
        is_logarithmic=is_logarithmic,
        dots=tuple(
            Dot(
                x_of(value),
                y_of(outcome.loss["value"]),
                f"{outcome.model}: {setting} {said_value(value)}, {three_decimals(outcome.loss['value'])}",
                outcome is best,
            )
            for value, outcome in measured
        ),
        mean_path="" if is_range else " ".join(f"{x},{y_of(fmean(by_x[x]))}" for x in sorted(by_x)),
        band=Band(top, round(bottom - top, 1)),
        places=tuple(_labels({said_value(value): x_of(value) for value, _ in measured})),
        ticks=tuple(Tick(text=_short(value, step), y=y_of(value)) for value in ticks),
    )


def _places(values: Sequence[Any]) -> tuple[dict[str, float], bool]:
    """Where each value stands, 0 to 1 from left to right by its name, and whether distances are logarithms.

    Numbers stand by size; what also has words or nothing among its values stands at equal distances, numbers first.
    """
    named = {said_value(value): value for value in values}
    numbers = {name: float(value) for name, value in named.items() if _is_number(value)}
    if len(named) < 2:
        return dict.fromkeys(named, 0.5), False
    if len(numbers) < len(named):
        order = [*sorted(numbers, key=lambda name: numbers[name]), *sorted(set(named) - set(numbers))]
        return {name: place / (len(order) - 1) for place, name in enumerate(order)}, False
    low, high = min(numbers.values()), max(numbers.values())
    is_logarithmic = low > 0 and high / low >= TENFOLD
    if is_logarithmic:
        numbers = {name: math.log(value) for name, value in numbers.items()}
        low, high = math.log(low), math.log(high)
    return {name: (value - low) / (high - low) for name, value in numbers.items()}, is_logarithmic


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _labels(xs: dict[str, float]) -> list[Place]:
    """The values that can be written below the drawing without touching each other; the outermost come first."""
    order = sorted(xs, key=lambda name: xs[name])
    kept: list[str] = []
    for name in [order[0], order[-1], *order[1:-1]]:
        if all(abs(xs[name] - xs[other]) >= LABEL_WIDTH for other in kept):
            kept.append(name)
    return [Place(name, xs[name]) for name in sorted(kept, key=lambda name: xs[name])]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    spread = max(high - low, 0.01)
    return low - spread / 10, high + spread / 10


def _short(value: float, step: float) -> str:
    return f"{value:.{max(0, -math.floor(math.log10(step / 5)))}f}"
