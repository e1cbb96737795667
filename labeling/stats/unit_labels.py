"""What annotators said of units: one label of each annotator on each unit at most, much of it missing."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from labeling.stats.undefined import Undefined

Label = tuple[Hashable, Hashable, Hashable]  # annotator, unit, value


@dataclass(frozen=True)
class UnitLabels:
    """A matrix of annotators by units as it is best kept when most of it is missing.

    A unit is what gets a label: a comparison, or two of its responses. Values may be anything that can be told apart;
    ordinal, interval and ratio measures want numbers.

    Args:
        by_unit: unit → annotator → value. What is missing is left out.
    """

    by_unit: Mapping[Hashable, Mapping[Hashable, Hashable]]

    @classmethod
    def of(cls, labels: Iterable[Label]) -> "UnitLabels":
        """Gather (annotator, unit, value); a value of None is missing.

        Raises: ValueError if an annotator gave one unit two values (which of them stands is the caller's to say), or
            for NaN, which a table may hold where a label is missing.
        """
        by_unit: dict[Hashable, dict[Hashable, Hashable]] = {}
        for annotator, unit, value in labels:
            if value is None:
                continue
            if value != value:  # noqa: PLR0124  # only NaN differs from itself
                raise ValueError(f"The label of annotator {annotator!r} on unit {unit!r} is NaN; None means missing.")
            said = by_unit.setdefault(unit, {})
            if annotator in said:
                raise ValueError(f"Annotator {annotator!r} labelled unit {unit!r} twice.")
            said[annotator] = value
        return cls(by_unit)

    @cached_property
    def pairable(self) -> "UnitLabels":
        """The units with labels of two annotators or more: the others tell nothing of agreement."""
        return UnitLabels({unit: said for unit, said in self.by_unit.items() if len(said) > 1})

    @cached_property
    def annotators(self) -> frozenset[Hashable]:
        return frozenset(annotator for said in self.by_unit.values() for annotator in said)

    def between(self, first: Hashable, second: Hashable) -> "UnitLabels":
        """What two annotators said of the units that both labelled."""
        return UnitLabels(
            {
                unit: {first: said[first], second: said[second]}
                for unit, said in self.by_unit.items()
                if first in said and second in said
            }
        )


def too_little_overlap(labels: UnitLabels, *, least_units: int = 2) -> Undefined | None:
    """Why nothing can be said of agreement, or None if `least_units` units have labels of two annotators."""
    if not labels.by_unit:
        return Undefined("there are no labels")
    if len(labels.annotators) < 2:
        return Undefined("all labels are one annotator's")
    units = len(labels.pairable.by_unit)
    if not units:
        return Undefined("no unit has labels of two annotators")
    if units < least_units:
        return Undefined("only one unit has labels of two annotators, and one unit shows no chance agreement")
    return None
