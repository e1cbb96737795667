"""How sure a share or a mean is, given how many times it was looked at."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, stdev

Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """A share, 0 to 1, of `n` trials, with its 95 % interval."""

    share: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a 95 % interval."""

    low: float
    high: float


def wilson_share(share: float, n: int) -> Share:
    """Put Wilson's 95 % interval around a share: it stays within 0 and 1 and is honest for few trials.

    Args:
        share: the mean outcome of the trials, 0 to 1; outcomes between the two make the interval a little too wide.
        n: how many trials, 1 or more.

    Returns: for 8 of 10 the interval 0.490 to 0.943; for 0 of n it begins at 0.
    Raises: ValueError for no trials or a share outside 0 to 1.
    Source: Wilson 1927, J. Am. Stat. Assoc. 22, 209.
    """
    if n < 1 or not 0 <= share <= 1:
        raise ValueError(f"A share from 0 to 1 of one trial or more is wanted, not {share} of {n}.")
    low, high = wilson_bounds(share, Z_95 * Z_95 / n)
    return Share(share=share, low=low, high=high, n=n)


def wilson_bounds(share: float, spread: float) -> tuple[float, float]:
    """Wilson's interval for a share when the squared quantile over the (effective) number of trials is `spread`."""
    centre = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread * spread / 4) / (1 + spread)
    # Rounding must neither leave the share outside nor begin 0 of n above 0.
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


def mean_interval(values: Sequence[float], *, least: float, most: float) -> Interval:
    """Student's 95 % interval of the mean of values between two bounds, and never beyond these.

    Equal values show no spread, which of a few says little: the interval is then Wilson's, with the place of the mean
    between the bounds as the share.

    Returns: for (0, 1) within 0 and 1 the whole range; for ten times 1 the interval 0.722 to 1.
    Raises: ValueError without a value, or for one outside the bounds.
    Source: Student 1908, Biometrika 6(1).
    """
    if not values or not all(least <= value <= most for value in values):
        raise ValueError(f"One value or more is wanted, each from {least} to {most}.")
    mean = min(max(fmean(values), least), most)
    if len(set(values)) == 1:
        share = wilson_share((mean - least) / (most - least), len(values))
        return Interval(least + share.low * (most - least), least + share.high * (most - least))
    from scipy.special import stdtrit

    half = float(stdtrit(len(values) - 1, 0.975)) * stdev(values) / math.sqrt(len(values))
    return Interval(max(least, mean - half), min(most, mean + half))
