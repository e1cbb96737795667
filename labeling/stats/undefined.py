"""A statistic that has no value, with the reason: never NaN, never a lucky 1."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Undefined:
    """What stands where a statistic would, when the data cannot give it.

    Attributes:
        because: a clause that a page puts after "Undefined, because": no capital, no full stop.
    """

    because: str
