"""How far two labels are apart."""

from typing import Literal

import numpy as np

from labeling.stats.bootstrap import Floats

Metric = Literal["nominal", "ordinal", "interval", "ratio"]


def distances(metric: Metric, values: tuple[object, ...], margins: Floats) -> Floats:
    """How far every two values are apart for Krippendorff's alpha, shape (V, V), zero on the diagonal.

    Args:
        values: in ascending order, numbers unless nominal, shape (V,).
        margins: how often each was given, shape (V,); the ordinal distance is made of these.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability.
    """
    if metric == "nominal":
        return nominal_distances(len(values))
    if metric == "ordinal":  # the labels between two values, and half of those on each: a difference of mid-ranks
        return differences(np.cumsum(margins) - margins / 2) ** 2
    numbers = np.asarray(values, dtype=np.float64)
    if metric == "interval":
        return differences(numbers) ** 2
    sums = numbers[:, None] + numbers[None, :]
    return (differences(numbers) / np.where(sums == 0, 1.0, sums)) ** 2


def nominal_distances(size: int) -> Floats:
    """1 between different values, shape (V, V)."""
    return 1.0 - np.eye(size)


def differences(numbers: Floats) -> Floats:
    """Row less column, shape (V, V)."""
    return numbers[:, None] - numbers[None, :]
