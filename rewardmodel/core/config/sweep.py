"""Many trainings out of one config: a grid of settings, or a seeded draw of them (Bergstra & Bengio 2012, JMLR 13)."""

import dataclasses
import json
import math
import sys
from collections.abc import Collection, Mapping, Sequence
from itertools import product
from random import Random
from types import NoneType
from typing import Any

from rewardmodel.core.config.train import TrainConfig
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.settings import BEYOND, kinds_of, typed

LOG, UNIFORM = "log", "uniform"
SCALES = (LOG, UNIFORM)
DIGITS_DRAWN = 3
TRIES_PER_DRAW = 100
MOST_VALUES = 1000

Annotations = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, drawn so that all are alike ("uniform") or all orders of magnitude ("log")."""

    low: float
    high: float
    scale: str

    def drawn(self, draw: Random, *, whole: bool) -> float | int:
        """One number of three significant digits, within the ends; a whole one where the setting is."""
        if self.scale == UNIFORM and whole:
            return draw.randint(math.ceil(self.low), math.floor(self.high))
        if self.scale == LOG:
            value = math.exp(draw.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = draw.uniform(self.low, self.high)
        rounded = round(value) if whole else float(f"{value:.{DIGITS_DRAWN}g}")
        return min(max(rounded, self.low), self.high) if not whole else int(min(max(rounded, self.low), self.high))

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


Values = list[Any] | Range
Combination = dict[str, Any]


def annotations_of_training() -> dict[str, Any]:
    """The settings of a training run and their types."""
    return {field.name: field.type for field in dataclasses.fields(TrainConfig)}


def read_assignment(line: str) -> tuple[str, str]:
    """A setting and what is said of it: "learning_rate = 1e-5,1e-4" gives ("learning_rate", "1e-5,1e-4").

    Raises: InvalidConfig for a line without a name or without anything after it.
    """
    name, _, said = (part.strip() for part in line.partition("="))
    if not name or not said:
        raise InvalidConfig(f"{line.strip()!r} is no setting with its values: write name=value.", field=name)
    return name, said


def read_value(name: str, text: str, annotations: Annotations) -> Any:
    """What a word means for a setting: a number, true or false, null, or the word itself, by the setting's type.

    Raises: InvalidConfig, naming the setting, for one that does not exist or a word that it cannot be.
    """
    kinds = kinds_of(_annotation(name, annotations))
    word = text.strip()
    if NoneType in kinds and word in ("null", "none"):
        return None
    if bool in kinds and word in ("true", "false"):
        return word == "true"
    for kind in (int, float):
        number = _number(word, kind) if kind in kinds else None
        if number is not None:
            _require_bounded(name, number)
            return number
    if str in kinds and word:
        return word
    wanted = "a number" if float in kinds else "a whole number" if int in kinds else "true or false"
    if not {int, float, bool} & set(kinds):
        wanted = "a text" if str in kinds else "possible here: send it as JSON"
    raise InvalidConfig(f"{name}: {word!r} is not {wanted}.", field=name)


def read_values(name: str, said: Any, annotations: Annotations) -> Values:
    """The values that a setting is to take.

    Args:
        said: a list of values; {"low", "high", "scale": "log" or "uniform"}; or either as a text, "1e-5,1e-4",
            "log:1e-6:1e-3", "uniform:0:0.3".

    Returns: each value once and in the setting's own type, or a range.
    Raises: InvalidConfig, naming the setting.
    """
    annotation = _annotation(name, annotations)
    if isinstance(said, str):
        scale, _, ends = said.strip().partition(":")
        if scale in SCALES and ends:
            low, _, high = ends.partition(":")
            said = {"low": read_value(name, low, annotations), "high": read_value(name, high, annotations)}
            said["scale"] = scale
        else:
            said = [read_value(name, word, annotations) for word in said.split(",")]
    if isinstance(said, Mapping):
        return _range(name, said, annotation)
    if not isinstance(said, Sequence):
        raise InvalidConfig(f"{name}: give a list of values, or a range with low, high and scale.", field=name)
    values = [_typed(name, value, annotations) for value in said]
    if not values:
        raise InvalidConfig(f"{name}: give at least one value.", field=name)
    if len(values) > MOST_VALUES:
        raise InvalidConfig(f"{name}: at most {MOST_VALUES} values, not {len(values)}.", field=name)
    written = [json.dumps(value, sort_keys=True) for value in values]
    for place, text in enumerate(written):
        if text in written[:place]:
            raise InvalidConfig(f"{name}: {text} is given twice.", field=name)
    return values


def combinations(
    vary: Mapping[str, Values], annotations: Annotations, *, draws: int | None, seed: int, most: int
) -> list[Combination]:
    """Every combination of the values, or so many of them drawn.

    Args:
        vary: the values or the range of each setting; settings are taken in the order of their names, so that a request
            means the same however it is written.
        draws: how many combinations are drawn, each once; None takes all. Where all are fewer, all are taken.
        seed: draws them.
        most: how many there may be.

    Returns: a grid with its last setting fastest, what was drawn of a grid in the grid's order, what was drawn from
        ranges in the order of drawing.
    Raises: InvalidConfig for a range without draws, or more than `most`.
    """
    names = sorted(vary)
    lists: dict[str, list[Any]] = {}
    for name in names:
        values = vary[name]
        if not isinstance(values, Range):
            lists[name] = values
        elif draws is None:
            raise InvalidConfig(f"{name}: a range is drawn from. Say how many draws, or list its values.", field=name)
    if draws is not None and not 1 <= draws <= most:
        raise InvalidConfig(f"draws must be from 1 to {most}, not {draws}.", field="draws")
    draw = Random(seed)  # noqa: S311  it must be the same every time
    if len(lists) < len(names):
        return _drawn(names, vary, annotations, draw, draws or 0)
    size = math.prod(len(values) for values in lists.values())
    if draws is None and size > most:
        raise InvalidConfig(f"These values have {size:,} combinations, and at most {most} are run.", field="vary")
    if draws is None or size <= draws:
        return [dict(zip(names, values, strict=True)) for values in product(*(lists[name] for name in names))]
    return [_numbered(number, names, lists) for number in sorted(_sample(draw, size, draws))]


def _annotation(name: str, annotations: Annotations) -> Any:
    if name not in annotations:
        known = ", ".join(sorted(annotations))
        raise InvalidConfig(f"There is no setting {name!r}. The settings are: {known}.", field=name)
    return annotations[name]


def _sample(draw: Random, size: int, draws: int) -> Collection[int]:
    """So many different numbers below `size`."""
    if size <= sys.maxsize:
        return draw.sample(range(size), draws)
    found: set[int] = set()
    while len(found) < draws:
        found.add(draw.randrange(size))
    return found


def _require_bounded(name: str, value: Any) -> None:
    """Raises: InvalidConfig for a number beyond 64 bits: no setting needs it, and arithmetic with it may overflow."""
    if isinstance(value, int | float) and not abs(value) < BEYOND:
        raise InvalidConfig(f"{name}: numbers lie between -{BEYOND:,} and {BEYOND:,}.", field=name)


def _number(word: str, kind: type[int] | type[float]) -> int | float | None:
    try:
        number = kind(word)
    except ValueError:
        return None
    return number if isinstance(number, int) or math.isfinite(number) else None


def _typed(name: str, value: Any, annotations: Annotations) -> Any:
    """A value in the setting's type, as JSON has it; a number may come as a text."""
    if isinstance(value, str) and str not in kinds_of(annotations[name]):
        return read_value(name, value, annotations)
    _require_bounded(name, value)
    value = typed(name, annotations[name], value)
    return list(value) if isinstance(value, tuple) else value


def _range(name: str, said: Mapping[str, Any], annotation: Any) -> Range:
    kinds = set(kinds_of(annotation))
    if not kinds & {int, float}:
        raise InvalidConfig(f"{name}: only numbers have a range. List the values.", field=name)
    if set(said) - {"low", "high", "scale"} or not {"low", "high"} <= set(said):
        raise InvalidConfig(f"{name}: a range has low, high and scale.", field=name)
    for end in ("low", "high"):
        _require_bounded(name, said[end])
    low, high = (typed(name, annotation, said[end]) for end in ("low", "high"))
    if not all(isinstance(end, int | float) and math.isfinite(end) for end in (low, high)):
        raise InvalidConfig(f"{name}: the ends of a range are numbers.", field=name)
    scale = said.get("scale", LOG)
    if scale not in SCALES:
        raise InvalidConfig(f"{name}: the scale of a range is {' or '.join(SCALES)}, not {scale!r}.", field=name)
    if not low < high:
        raise InvalidConfig(f"{name}: a range leads from a lower to a higher number, not {low} to {high}.", field=name)
    if scale == LOG and low <= 0:
        raise InvalidConfig(f"{name}: the lower end of a log range is above 0, not {low}.", field=name)
    return Range(low, high, scale)


def _drawn(
    names: Sequence[str], vary: Mapping[str, Values], annotations: Annotations, draw: Random, draws: int
) -> list[Combination]:
    """Different combinations, fewer where whole numbers leave no more."""
    found: dict[str, Combination] = {}
    for _ in range(TRIES_PER_DRAW * draws):
        one: Combination = {}
        for name in names:
            values = vary[name]
            is_whole = float not in kinds_of(annotations[name])
            one[name] = values.drawn(draw, whole=is_whole) if isinstance(values, Range) else draw.choice(values)
        found.setdefault(json.dumps(one, sort_keys=True), one)
        if len(found) == draws:
            break
    return list(found.values())


def _numbered(number: int, names: Sequence[str], lists: Mapping[str, Sequence[Any]]) -> Combination:
    """The combination at a place of the grid."""
    one: Combination = {}
    for name in reversed(names):
        number, place = divmod(number, len(lists[name]))
        one[name] = lists[name][place]
    return {name: one[name] for name in names}
