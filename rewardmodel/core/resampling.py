"""How sure a figure over pairs is: 95 % intervals from drawing whole prompts again and again. NumPy only."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

RESAMPLES = 2000
FEWEST_RESAMPLES = 200
CELLS = 10_000_000  # resamples × prompts that are held at once, a byte each
BLOCK = 200
TAIL = 0.025
FEWEST_PROMPTS = 5  # fewer cannot be resampled: those drawn are too often the same


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def tail_of(prompts: int) -> float:
    """Which share of resamples lies beyond either end of a 95 % interval: 0.025 for many prompts, less for few.

    A resample of few prompts varies less than the prompts do, and its tails are those of a normal instead of a t
    distribution: at 5 prompts 95 % of resamples hold the truth 87 times of 100 (`python -m benchmarks intervals`).

    Source: Hesterberg 2015, The American Statistician 69 (4), sec. 5 (expanded percentile interval); the quantile of t
        by Abramowitz & Stegun 1964, 26.7.5, good to 0.001 from 5 prompts on.
    """
    normal = NormalDist()
    z, freedom = normal.inv_cdf(1 - TAIL), max(prompts, FEWEST_PROMPTS) - 1
    t = (
        z
        + (z**3 + z) / (4 * freedom)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * freedom**3)
        + (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / (92160 * freedom**4)
    )
    return normal.cdf(-t * math.sqrt((freedom + 1) / freedom))


def ends_of(drawn: Floats, *, prompts: int) -> tuple[float, float]:
    """The ends of the 95 % interval of a statistic that resamples of so many prompts have as `drawn`, shape (R,)."""
    tail = tail_of(prompts)
    low, high = np.quantile(drawn, (tail, 1 - tail))
    return float(low), float(high)


class Resampling:
    """One bootstrap of the prompts, shared by every figure of an evaluation, so that differences are paired.

    Pairs of one prompt are not independent; drawing prompts keeps intervals honest. 2,000 resamples, fewer (never below
    200) above 5,000 prompts, where intervals are narrow.

    Args:
        prompts: which prompt each pair belongs to, any integers, shape (P,), P ≥ 1.
        seed: draws the resamples.

    Raises: ValueError without a pair.
    Source: Efron & Tibshirani 1993, ch. 13 (percentile interval), with clusters as units; widened for few of them by
        `tail_of`.
    """

    def __init__(self, prompts: Ints, *, seed: int = 0) -> None:
        if prompts.ndim != 1 or prompts.size == 0:
            raise ValueError(f"prompts {prompts.shape} must have the shape (P,), P ≥ 1.")
        _, self._cluster = np.unique(prompts, return_inverse=True)
        self.prompts = int(self._cluster.max()) + 1
        draw = np.random.default_rng(seed)
        resamples = min(RESAMPLES, max(FEWEST_RESAMPLES, CELLS // self.prompts))
        self._times = np.empty((resamples, self.prompts), dtype=np.uint8)
        for row in self._times:
            row[:] = np.bincount(draw.integers(0, self.prompts, self.prompts), minlength=self.prompts)

    def prompts_among(self, chosen: Bools) -> int:
        """How many prompts the chosen pairs belong to."""
        return len(np.unique(self._cluster[chosen]))

    def draws(self) -> Iterator[Floats]:
        """How often each resample holds each pair, shape (P,), one resample after the other."""
        return (times[self._cluster].astype(np.float64) for times in self._times)

    def totals(self, values: Floats) -> Floats:
        """The sum of each column in every resample: values of shape (P, M) give shape (resamples, M)."""
        if len(values) != len(self._cluster):
            raise ValueError(f"values {values.shape} must have one row for each of {len(self._cluster)} pairs.")
        sums = np.zeros((self.prompts, values.shape[1]))
        for column in range(values.shape[1]):
            sums[:, column] = np.bincount(self._cluster, weights=values[:, column], minlength=self.prompts)
        blocks = range(0, len(self._times), BLOCK)
        return np.concatenate([self._times[start : start + BLOCK].astype(np.float64) @ sums for start in blocks])

    def ratio(self, numerator: Floats, denominator: Floats) -> Interval:
        """A sum over another sum, both over pairs, with its percentile interval.

        Args: numerator, denominator: shape (P,); a pair that does not count has 0 in both.
        Raises: ValueError if the denominator sums to nothing.
        """
        below = float(denominator.sum())
        if below <= 0:
            raise ValueError("The denominator sums to nothing, so that there is no ratio.")
        sums = self.totals(np.stack([numerator, denominator], axis=1))
        drawn = sums[sums[:, 1] > 0]
        low, high = ends_of(drawn[:, 0] / drawn[:, 1], prompts=self.prompts_among(denominator > 0))
        return Interval(float(numerator.sum()) / below, low, high)

    def mean(self, values: Floats, chosen: Bools | None = None) -> Interval:
        """Mean over pairs, all or the chosen ones; equal values have an interval without width."""
        counts = np.ones(len(values)) if chosen is None else chosen.astype(np.float64)
        return self.ratio(values * counts, counts)

    def share(self, correct: Floats, chosen: Bools | None = None) -> Interval:
        """Mean of outcomes between 0 and 1, as `mean`, but never sure of what was merely never seen to fail.

        Where all outcomes are 1 (or all 0), resampling shows no spread; the interval then is the exact one for as many
        independent trials as there are prompts. Below 5 prompts it is one that holds for the mean of any G values
        between 0 and 1, each counting as many times as its prompt has pairs.

        Returns: (1, 0.025^(1/G), 1) where every pair of G prompts is right: 0.69 for ten prompts.
        Source: Clopper & Pearson 1934 for no failure in G trials; Hoeffding 1963, theorem 2.
        """
        counted = np.ones(len(correct), dtype=bool) if chosen is None else chosen
        among, prompts = correct[counted], self.prompts_among(counted)
        if among.size and (np.all(among == 1) or np.all(among == 0)):
            bound = float(TAIL ** (1 / prompts))
            return Interval(1.0, bound, 1.0) if among[0] == 1 else Interval(0.0, 0.0, 1 - bound)
        if among.size and prompts < FEWEST_PROMPTS:
            parts = np.bincount(self._cluster[counted]) / among.size
            mean, reach = float(among.mean()), math.sqrt(-math.log(TAIL) * float(parts @ parts) / 2)
            return Interval(mean, max(0.0, mean - reach), min(1.0, mean + reach))
        return self.mean(correct, counted)

    def difference(self, one: Floats, other: Floats) -> Interval:
        """Mean of one's outcomes less the other's on the same pairs, all between 0 and 1, as careful as `share`.

        Returns: (1, 2 · 0.025^(1/G) - 1, 1) where one is right and the other wrong on every pair of G prompts; beside a
            coin, which is half right everywhere, the ends of `share` less one half.
        """
        if np.all(other == 0.5):
            share, scale, less = self.share(one), 1.0, 0.5
        else:
            share, scale, less = self.share((1 + one - other) / 2), 2.0, 1.0
        return Interval(scale * share.value - less, scale * share.low - less, scale * share.high - less)
