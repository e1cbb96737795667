"""A figure with its interval and what it rests on, or the reason why there is none. Never a NaN."""

from typing import Any, TypeAlias

import numpy as np

from rewardmodel.core.resampling import FEWEST_PROMPTS, Bools, Floats, Interval, Resampling

Figure: TypeAlias = dict[str, Any]  # {"value", "low", "high", "n", "prompts"}; without a value "reason" instead of ends

FEWEST = 20
TOO_FEW = f"fewer than {FEWEST}"
TOO_FEW_PROMPTS = f"fewer than {FEWEST_PROMPTS} prompts"


def figure(interval: Interval, *, n: int, prompts: int) -> Figure:
    """An estimate with its 95 % interval over `n` cases of `prompts` prompts."""
    return {"value": interval.value, "low": interval.low, "high": interval.high, "n": n, "prompts": prompts}


def undefined(reason: str, *, n: int = 0, prompts: int = 0) -> Figure:
    """A figure that cannot be told, and why."""
    return {"value": None, "reason": reason, "n": n, "prompts": prompts}


def reason_against(n: int, prompts: int) -> str:
    """Why so few cases say nothing; "" where they are enough."""
    if n < FEWEST:
        return TOO_FEW
    return TOO_FEW_PROMPTS if prompts < FEWEST_PROMPTS else ""


def share_of(resampling: Resampling, correct: Floats, chosen: Bools | None = None) -> Figure:
    """The share of correct cases, all or the chosen ones; undefined below 20 cases or 5 prompts."""
    counted = np.ones(len(correct), dtype=bool) if chosen is None else chosen
    n, prompts = int(counted.sum()), resampling.prompts_among(counted)
    if reason := reason_against(n, prompts):
        return undefined(reason, n=n, prompts=prompts)
    return figure(resampling.share(correct, counted), n=n, prompts=prompts)


def mean_of(resampling: Resampling, values: Floats, chosen: Bools | None = None) -> Figure:
    """The mean of values that need not be shares; undefined below 20 cases or 5 prompts."""
    counted = np.ones(len(values), dtype=bool) if chosen is None else chosen
    n, prompts = int(counted.sum()), resampling.prompts_among(counted)
    if reason := reason_against(n, prompts):
        return undefined(reason, n=n, prompts=prompts)
    return figure(resampling.mean(values, counted), n=n, prompts=prompts)
