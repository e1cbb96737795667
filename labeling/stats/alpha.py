"""Krippendorff's alpha: agreement beyond chance, for any number of annotators, with labels missing."""

from functools import partial

from labeling.stats.bootstrap import Floats
from labeling.stats.chance import chance_corrected
from labeling.stats.coincidences import Coincidences
from labeling.stats.distances import Metric, distances
from labeling.stats.estimates import Estimate
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels, too_little_overlap


def krippendorff_alpha(labels: UnitLabels, *, metric: Metric = "nominal", seed: int = 0) -> Estimate | Undefined:
    """Krippendorff's alpha with a bootstrap interval over units.

    Args:
        metric: how far two values are apart: `nominal` for names, where all differ alike; `ordinal` for steps of which
            only the order counts; `interval` for numbers with equal steps; `ratio` for amounts, zero or more.
        seed: of the bootstrap.

    Returns: 1 when all agree, 0 when they differ as by chance, below 0 when they differ more; units are those with two
        labels or more. Undefined without two such units, or when all values are the same.
    Raises: ValueError if values are no numbers (other than nominal), negative (ratio), or more than 1,000 different.
    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability; Krippendorff 2018, Content Analysis, 4th ed.
    """
    if too_little := too_little_overlap(labels):
        return too_little
    table = Coincidences.of(labels, numbers=metric != "nominal")
    if metric == "ratio" and float(table.values[0]) < 0:  # type: ignore[arg-type]  # they are numbers
        raise ValueError(f"The ratio metric is for amounts of zero or more; one value is {table.values[0]!r}.")
    coefficient = partial(_alpha, table, metric)
    people = len(labels.pairable.annotators)
    return chance_corrected(coefficient, table.times, table.margins(table.times), annotators=people, seed=seed)


def _alpha(table: Coincidences, metric: Metric, weights: Floats) -> float | None:
    margins = table.margins(weights)
    apart = distances(metric, table.values, margins)
    expected = float(margins @ apart @ margins) / float(margins.sum() - 1)
    return 1 - table.observed_disagreement(weights, apart) / expected if expected > 0 else None
