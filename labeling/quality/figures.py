"""A statistic as a report keeps it: a value with its interval, or a clause that says why there is none."""

from typing import Any

from labeling.stats.audits.effects import Effect
from labeling.stats.estimates import Estimate
from labeling.stats.intervals import Share
from labeling.stats.undefined import Undefined

Figure = dict[str, Any]
DIGITS = 6


def figure(found: Estimate | Effect | Share | Undefined) -> Figure:
    """{"value", "low", "high", "n"} and, where they are known, "annotators"; or {"because"}.

    `n` counts what the interval's unit is: comparisons or pairs of an estimate, judgments of a share or an effect.
    """
    if isinstance(found, Undefined):
        return {"because": found.because}
    if isinstance(found, Estimate):
        return {**_interval(found.value, found.low, found.high), "n": found.units, "annotators": found.annotators}
    if isinstance(found, Share):
        return {**_interval(found.share, found.low, found.high), "n": found.n}
    people = [one.count for one in found.clusters if one.unit == "annotators"]
    return {
        **_interval(found.estimate, found.low, found.high),
        "n": found.n,
        "null": found.null,
        "p_value": found.p_value,
        "speaks_of_other_annotators": bool(people),
    }


def _interval(value: float, low: float, high: float) -> Figure:
    return {"value": round(value, DIGITS), "low": round(low, DIGITS), "high": round(high, DIGITS)}
