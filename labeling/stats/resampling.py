"""Intervals of what is fitted to judgments, by weighing the units they are of anew."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from labeling.stats.intervals import Interval
from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]

ROUNDS = 200
NO_SPREAD = 1e-12


def unit_weights(units: int, rounds: int, seed: int) -> Iterator[Floats]:
    """Draw `rounds` times how much each unit counts, shape (units,): positive, mean 1, otherwise exponential.

    Drawing units with replacement leaves some out, so that a policy that lost once would have lost never in every third
    draw, and then has no strength at all. Weights never leave a unit out: what is defined on all judgments is defined
    in each round. Both have the same large-sample law.

    Source: Rubin 1981, Annals of Statistics 9(1), the Bayesian bootstrap; as random weights in a likelihood: Newton &
        Raftery 1994, JRSS B 56(1).
    """
    draw = np.random.default_rng(seed)
    for _round in range(rounds):
        weights = draw.standard_exponential(units)
        yield weights / weights.mean() if units else weights


def percentiles(draws: Floats) -> Interval | Undefined:
    """The 2.5th and 97.5th percentile of draws, shape (R,); Undefined where they do not differ."""
    if draws.size < 2 or np.ptp(draws) < NO_SPREAD:
        return Undefined("the judgments do not vary, so that weighing them anew shows no spread")
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(float(low), float(high))
