"""A config that checks itself: frozen, typed fields, read from a JSON object."""

import dataclasses
import json
import math
from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Self, Union, get_args, get_origin

from rewardmodel.core.errors import InvalidConfig

PRECISIONS = ("auto", "fp32", "bf16")
DEVICES = ("auto", "cpu", "cuda")
BEYOND = 2**63
SEED_BITS = 63
LONGEST_SHOWN = 200


@dataclasses.dataclass(frozen=True)
class Settings:
    """Base of every config of a child process; a subclass checks its values in `__post_init__` with `require`."""

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The config that a JSON object describes.

        Raises: InvalidConfig for a field that does not exist, is missing or has another type.
        """
        fields = {field.name: field for field in dataclasses.fields(cls)}
        for name in values:
            if name not in fields:
                known = ", ".join(sorted(fields))
                raise InvalidConfig(f"There is no setting {name!r}. The settings are: {known}.", field=name)
        for name, field in fields.items():
            has_default = not (field.default is field.default_factory is dataclasses.MISSING)
            if not has_default and name not in values:
                raise InvalidConfig(f"{name} is missing.", field=name)
        return cls(**{name: typed(name, fields[name].type, value) for name, value in values.items()})

    def __post_init__(self) -> None:
        """Numbers are finite and fit into 64 bits, and texts can be written as UTF-8.

        A subclass checks its own fields after its bases'.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            rule = "must be a finite number" if isinstance(value, float) else "must hold finite numbers only"
            self.require(_is_finite(value), field.name, rule)
            is_bounded = not isinstance(value, int) or abs(value) <= BEYOND
            self.require(is_bounded, field.name, "must not be beyond 2^63")
            self.require(_is_utf8(value), field.name, "must be text that UTF-8 can hold")

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def require(self, holds: bool, field: str, rule: str) -> None:
        """Raise InvalidConfig, naming the field and its value, where a rule does not hold."""
        if not holds:
            raise InvalidConfig(f"{field} {rule}, not {_shown(getattr(self, field))}.", field=field)

    def require_positive(self, *fields: str) -> None:
        for field in fields:
            self.require(getattr(self, field) > 0, field, "must be above 0")

    def require_at_least_one(self, *fields: str) -> None:
        """A number of at least 1, or nothing where the field may be null."""
        for field in fields:
            value = getattr(self, field)
            self.require(value is None or value >= 1, field, "must be at least 1")

    def require_not_negative(self, *fields: str) -> None:
        for field in fields:
            self.require((getattr(self, field) or 0) >= 0, field, "must not be negative")

    def require_between(self, field: str, low: float, high: float) -> None:
        self.require(low <= getattr(self, field) <= high, field, f"must lie between {low:g} and {high:g}")

    def require_share(self, field: str) -> None:
        self.require(0 < getattr(self, field) <= 1, field, "must be above 0 and at most 1")

    def require_seed(self, field: str, *, bits: int = SEED_BITS) -> None:
        self.require(0 <= getattr(self, field) < 2**bits, field, f"must be at least 0 and below 2^{bits}")

    def require_one_of(self, field: str, choices: tuple[str, ...]) -> None:
        self.require(getattr(self, field) in choices, field, f"must be one of {', '.join(choices)}")


def kinds_of(annotation: Any) -> tuple[type, ...]:
    """The types that a field's annotation allows: `int | str | None` gives (int, str, NoneType)."""
    parts = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    return tuple(get_origin(part) or part for part in parts)


def typed(name: str, annotation: Any, value: Any) -> Any:
    """`value` if it has the field's type; a whole number counts as a fraction too, a boolean as neither.

    Raises: InvalidConfig, naming the field, for a value of another type.
    """
    kinds = kinds_of(annotation)
    if float in kinds and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            raise InvalidConfig(f"{name} must be a finite number, not {_shown(value)}.", field=name) from None
    if tuple in kinds and isinstance(value, list):
        return tuple(value)
    if (isinstance(value, bool) and bool not in kinds) or not isinstance(value, kinds):
        wanted = " or ".join("null" if kind is NoneType else kind.__name__ for kind in kinds)
        raise InvalidConfig(f"{name} must be {wanted}, not {_shown(value)}.", field=name)
    return value


def _shown(value: Any) -> str:
    """A value as a sentence can hold it."""
    try:
        text = repr(value)
    except ValueError:  # a whole number with more digits than Python writes
        return "a number of that length"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _is_finite(value: Any) -> bool:
    """Whether all numbers in a value are finite."""
    if isinstance(value, Mapping):
        return all(_is_finite(part) for part in value.values())
    if isinstance(value, list | tuple):
        return all(_is_finite(part) for part in value)
    return not isinstance(value, float) or math.isfinite(value)


def _is_utf8(value: Any) -> bool:
    """Whether all texts in a value can be encoded: a lone surrogate cannot."""
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        return False
    return True
