"""Intervals of statistics of units, by drawing the units again."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from labeling.stats.intervals import Interval, wilson_share
from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

RESAMPLES = 1000
MOST_UNDEFINED_SHARE = 0.05


def bootstrap_interval(
    statistic: Callable[[Floats], float | None], times: Floats, *, resamples: int = RESAMPLES, seed: int = 0
) -> Interval | Undefined:
    """Percentile interval of a statistic of units, each of which is drawn whole, with all its labels.

    Units that say the same are one pattern with a number of times, so that the work grows with the patterns.

    Args:
        statistic: from how often each pattern counts, shape (P,), to its value, or None where it has none.
        times: how often each pattern was seen, shape (P,), positive.

    Returns: its 2.5th and 97.5th percentile; Undefined if more than a twentieth of the draws have no value.
    Source: Efron 1979, Annals of Statistics 7(1); clusters as what is drawn: Davison & Hinkley 1997, chapter 3.
    """
    draw = np.random.default_rng(seed)
    units = int(times.sum())
    shares = times / units
    values = [statistic(draw.multinomial(units, shares).astype(np.float64)) for _ in range(resamples)]
    defined = [value for value in values if value is not None]
    if len(defined) < (1 - MOST_UNDEFINED_SHARE) * resamples:
        return Undefined("all units but a few carry the same label, and it would hang on those few")
    low, high = np.quantile(defined, [0.025, 0.975])
    return Interval(float(low), float(high))


def low_without_disagreement(units: int, chance_of_differing: float) -> float:
    """Where the interval of a chance-corrected coefficient begins when nobody differed on any unit.

    Drawing such units again can only give 1, however few they are. Yet what was never seen in n units can happen as
    often as Wilson's interval of n of n says; units that differ are taken to differ as by chance.

    Args:
        chance_of_differing: how probable it is that two labels drawn from all differ, above 0 to 1.

    Returns: 0.44 for ten units and two equally common labels; never below −1.
    """
    return max(-1.0, 1 - (1 - wilson_share(1.0, units).low) / chance_of_differing)
