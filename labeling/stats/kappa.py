"""Cohen's kappa of two annotators and Fleiss' kappa of the same number on every unit."""

from collections import Counter
from collections.abc import Hashable
from functools import partial
from typing import Literal

import numpy as np

from labeling.stats.bootstrap import Floats, Ints
from labeling.stats.chance import chance_corrected
from labeling.stats.coincidences import Coincidences, distinct_values
from labeling.stats.distances import differences, nominal_distances
from labeling.stats.estimates import Estimate
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels, too_little_overlap

Weights = Literal["unweighted", "linear", "quadratic"]


def cohen_kappa(
    labels: UnitLabels, first: Hashable, second: Hashable, *, weights: Weights = "unweighted", seed: int = 0
) -> Estimate | Undefined:
    """Cohen's kappa of two annotators over the units that both labelled, with a bootstrap interval over units.

    Args:
        weights: what a disagreement costs: the same for all, the values' difference, or its square. It is the
            difference of the numbers themselves, so that a step which nobody used still lies between its neighbours.
        seed: of the bootstrap.

    Returns: 1 when they agree everywhere, 0 when as often as by chance with each one's own shares of labels. Undefined
        with fewer than two common units, or when one of them always gave the same label.
    Raises: ValueError if weighted values are no numbers, or an annotator is compared with themselves.
    Source: Cohen 1960, Educ. Psychol. Meas. 20(1); weighted: Cohen 1968, Psychol. Bull. 70(4).
    """
    if first == second:
        raise ValueError(f"Annotator {first!r} cannot be compared with themselves.")
    common = labels.between(first, second)
    if not common.by_unit:
        return Undefined("the two annotators have labelled no unit in common")
    if too_little := too_little_overlap(common):
        return too_little
    said = [(of[first], of[second]) for of in common.by_unit.values()]
    values = distinct_values((value for pair in said for value in pair), numbers=weights != "unweighted")
    code_of = {value: code for code, value in enumerate(values)}
    cells = Counter((code_of[one], code_of[other]) for one, other in said)
    row, column = np.array(sorted(cells), dtype=np.int64).T
    times = np.array([cells[cell] for cell in sorted(cells)], dtype=np.float64)
    constant = [who for who, codes in ((first, row), (second, column)) if len(set(codes)) == 1]
    if constant:
        return Undefined(f"annotator {constant[0]!r} gave the same label everywhere, so that nothing can depend on it")
    coefficient = partial(_cohen, row, column, _costs(weights, values))
    margins = (np.bincount(row, times, len(values)) + np.bincount(column, times, len(values))).astype(np.float64)
    return chance_corrected(coefficient, times, margins, annotators=2, seed=seed)


def fleiss_kappa(labels: UnitLabels, *, labels_per_unit: int | None = None, seed: int = 0) -> Estimate | Undefined:
    """Fleiss' kappa of units that all have the same number of labels, whoever gave them.

    Args:
        labels_per_unit: take the units with exactly so many labels; None takes all with two or more, which must then
            have equally many.
        seed: of the bootstrap over units.

    Returns: 1 when all agree, 0 when they differ as by chance. Undefined without two such units, when their numbers of
        labels differ (Krippendorff's alpha does with any), or when all labels are the same.
    Raises: ValueError for fewer than two labels per unit.
    Source: Fleiss 1971, Psychol. Bull. 76(5).
    """
    if labels_per_unit is not None:
        if labels_per_unit < 2:
            raise ValueError(f"Agreement needs two labels per unit or more, not {labels_per_unit}.")
        labels = UnitLabels({unit: said for unit, said in labels.by_unit.items() if len(said) == labels_per_unit})
    if too_little := too_little_overlap(labels):
        return too_little
    sizes = {len(said) for said in labels.pairable.by_unit.values()}
    if len(sizes) > 1:
        return Undefined(f"units have from {min(sizes)} to {max(sizes)} labels, and it wants as many on each")
    table = Coincidences.of(labels, numbers=False)
    people = len(labels.pairable.annotators)
    return chance_corrected(
        partial(_fleiss, table), table.times, table.margins(table.times), annotators=people, seed=seed
    )


def _costs(weights: Weights, values: tuple[Hashable, ...]) -> Floats:
    """What each disagreement costs, shape (V, V)."""
    if weights == "unweighted":
        return nominal_distances(len(values))
    apart = np.abs(differences(np.asarray(values, dtype=np.float64)))
    return apart if weights == "linear" else apart**2


def _cohen(row: Ints, column: Ints, costs: Floats, counts: Floats) -> float | None:
    """1 − observed / expected cost of the cells (row, column) with these counts; None if one annotator is constant."""
    size = len(costs)
    one = np.bincount(row, weights=counts, minlength=size)
    other = np.bincount(column, weights=counts, minlength=size)
    if np.count_nonzero(one) < 2 or np.count_nonzero(other) < 2:
        return None
    observed = float((counts * costs[row, column]).sum())
    return 1 - observed * float(counts.sum()) / float(one @ costs @ other)


def _fleiss(table: Coincidences, weights: Floats) -> float | None:
    margins = table.margins(weights)
    apart = nominal_distances(len(margins))
    expected = float(margins @ apart @ margins) / float(margins.sum())
    return 1 - table.observed_disagreement(weights, apart) / expected if expected > 0 else None
