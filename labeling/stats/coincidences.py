"""UnitLabels counted for chance-corrected coefficients: what differs within units, and how common each value is."""

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labeling.stats.bootstrap import Floats, Ints
from labeling.stats.unit_labels import UnitLabels

MOST_VALUES = 1000  # of which every two have a distance


@dataclass(frozen=True)
class Coincidences:
    """Units with two labels or more; units with the same labels are one pattern.

    Attributes:
        values: the V different values, in ascending order where they are numbers.
        times: how many units show each of the P patterns, shape (P,).
        pattern, code, count: each value of each pattern and how often it holds it, three arrays of shape (C,).
        pair_pattern, one, other, pairs: each two different values within a pattern, and the ordered pairs of labels
            they make, divided by the pattern's labels less one, four arrays of shape (D,).
    """

    values: tuple[Hashable, ...]
    times: Floats
    pattern: Ints
    code: Ints
    count: Floats
    pair_pattern: Ints
    one: Ints
    other: Ints
    pairs: Floats

    @classmethod
    def of(cls, labels: UnitLabels, *, numbers: bool) -> "Coincidences":
        """Count the labels of the units that have two or more.

        Args:
            numbers: whether values must be numbers.

        Raises: ValueError if they must and are not, or there are more than 1,000 different ones.
        """
        units = labels.pairable.by_unit.values()
        values = distinct_values((value for said in units for value in said.values()), numbers=numbers)
        code_of = {value: code for code, value in enumerate(values)}
        patterns = Counter(tuple(sorted(code_of[value] for value in said.values())) for said in units)
        ordered = sorted(patterns)  # the draws of a bootstrap then do not depend on the order of units
        counts = [(p, code, count) for p, codes in enumerate(ordered) for code, count in Counter(codes).items()]
        pairs = [
            (p, one, other, 2 * m * n / (len(codes) - 1))
            for p, codes in enumerate(ordered)
            for (one, m), (other, n) in combinations(Counter(codes).items(), 2)
        ]
        return cls(
            values,
            np.array([patterns[codes] for codes in ordered], dtype=np.float64),
            *_columns(counts, 3),
            *_columns(pairs, 4),
        )

    def margins(self, weights: Floats) -> Floats:
        """How often each value was given, shape (V,), when patterns count `weights` times, shape (P,)."""
        totals = np.bincount(self.code, weights=self.count * weights[self.pattern], minlength=len(self.values))
        return totals.astype(np.float64)

    def observed_disagreement(self, weights: Floats, distances: Floats) -> float:
        """Sum over labels of their mean distance to the other labels of their unit.

        Args:
            distances: between every two values, shape (V, V), zero on the diagonal.
        """
        return float((self.pairs * weights[self.pair_pattern] * distances[self.one, self.other]).sum())


def distinct_values(values: Iterable[Hashable], *, numbers: bool) -> tuple[Hashable, ...]:
    """The different values in a fixed order, that of size for numbers.

    Raises: ValueError if `numbers` are wanted and one is none, or there are more than 1,000 different ones.
    """
    distinct = set(values)
    if len(distinct) > MOST_VALUES:
        raise ValueError(f"There are {len(distinct)} different values, more than {MOST_VALUES}: round them first.")
    if not numbers:
        return tuple(sorted(distinct, key=repr))
    for value in distinct:
        if not isinstance(value, int | float) or not isfinite(value):
            raise ValueError(f"This coefficient wants numbers; one value is {value!r}.")
    return tuple(sorted(distinct))  # type: ignore[type-var]  # all are numbers


def _columns(rows: Sequence[tuple[float, ...]], width: int) -> list[NDArray[Any]]:
    """The last column of amounts, those before it of indices."""
    columns = list(zip(*rows, strict=True)) or [()] * width
    return [np.array(column, dtype=np.int64) for column in columns[:-1]] + [np.array(columns[-1], dtype=np.float64)]
