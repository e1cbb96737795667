"""How sure a share is, given how many times it was looked at."""

import math
from dataclasses import dataclass

Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """A share, 0 to 1, of `n` trials, with its 95 % interval."""

    share: float
    low: float
    high: float
    n: int


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
    spread = Z_95 * Z_95 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z_95 * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return Share(share=share, low=max(0.0, centre - half), high=min(1.0, centre + half), n=n)
