"""Coefficients that take away what chance would give: a value, an interval, or why there is none."""

from collections.abc import Callable

from labeling.stats.bootstrap import Floats, bootstrap_interval, low_without_disagreement
from labeling.stats.estimates import Estimate
from labeling.stats.undefined import Undefined


def chance_corrected(
    coefficient: Callable[[Floats], float | None], times: Floats, margins: Floats, *, annotators: int, seed: int
) -> Estimate | Undefined:
    """Put an interval around 1 − observed / expected disagreement.

    Args:
        coefficient: from how often each pattern of labels counts, shape (P,), to its value; None where no
            disagreement can be expected.
        times: how many units show each pattern, shape (P,).
        margins: how often each value was given, shape (V,).
    """
    value = coefficient(times)
    if value is None:
        return Undefined("everybody gave the same label everywhere, so that chance alone would agree as well")
    units = int(times.sum())
    interval = bootstrap_interval(coefficient, times, seed=seed)
    if isinstance(interval, Undefined):
        return interval
    low = interval.low
    if value == 1:
        shares = margins / margins.sum()
        low = low_without_disagreement(units, float(1 - shares @ shares))
    return Estimate(value=value, low=low, high=interval.high, units=units, annotators=annotators)
