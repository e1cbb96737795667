"""How large a statistic is, how sure that is, and of how much it was computed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A coefficient with its 95 % interval.

    Attributes:
        value: in the coefficient's own range.
        low, high: the interval's ends; `value` need not be its middle.
        units: how many units (comparisons, pairs of responses) it rests on.
        annotators: how many people judged those.
    """

    value: float
    low: float
    high: float
    units: int
    annotators: int
