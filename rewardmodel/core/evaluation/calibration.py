"""Whether confidence comes true: log loss, Brier score and calibration error, before and after the temperature."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rewardmodel.core.evaluation.figures import Figure, figure, mean_of, reason_against, undefined
from rewardmodel.core.metrics import pair_brier, pair_log_loss, pairwise_correct, win_probability
from rewardmodel.core.resampling import Floats, Interval, Resampling, ends_of

BINS = 10
SIMULATIONS = 200


@dataclass(frozen=True)
class CalibrationBin:
    """Pairs of similar confidence: what was claimed, what came true with its 95 % interval, how many."""

    confidence: float
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    pairs: int


def calibration_figures(
    lead: Floats, resampling: Resampling, *, temperature: float = 1.0, seed: int = 0
) -> dict[str, Any]:
    """Log loss, Brier score and ECE at a temperature and without it.

    Returns: {"temperature", "log_loss", "brier", "ece", "before": {the same three at temperature 1},
        "ece_by_chance": the ECE that this many pairs show on average when every claim is exactly true, "reliability"}.
    """
    return {
        "temperature": temperature,
        **_at(lead, resampling, temperature),
        "before": _at(lead, resampling, 1.0),
        "ece_by_chance": ece_by_chance(lead, temperature=temperature, seed=seed),
        "reliability": [asdict(bin_) for bin_ in reliability(lead, resampling, temperature=temperature)],
    }


def _at(lead: Floats, resampling: Resampling, temperature: float) -> dict[str, Figure]:
    reason = reason_against(len(lead), resampling.prompts)
    ece = undefined(reason, n=len(lead), prompts=resampling.prompts)
    if not reason:
        interval = ece_interval(lead, resampling, temperature=temperature)
        ece = figure(interval, n=len(lead), prompts=resampling.prompts)
    return {
        "log_loss": mean_of(resampling, pair_log_loss(lead, temperature=temperature)),
        "brier": mean_of(resampling, pair_brier(lead, temperature=temperature)),
        "ece": ece,
    }


def binned(lead: Floats, *, temperature: float = 1.0) -> tuple[Floats, Floats, Floats]:
    """Each pair's confidence, sigmoid(|lead| / temperature), its outcome, and which of ten equal bins it falls into.

    Returns: confidence (P,), outcome (P,), membership (P, 10) of zeros and ones; bins reach from 0.5 to 1.
    """
    confidence = win_probability(np.abs(lead), temperature=temperature)
    place = np.minimum(((confidence - 0.5) * 2 * BINS).astype(int), BINS - 1)
    return confidence, pairwise_correct(lead), np.eye(BINS)[place]


def expected_calibration_error(lead: Floats, *, temperature: float = 1.0) -> float:
    """The mean gap between confidence and accuracy over ten bins, weighted by pairs; 0 when each comes true as claimed.

    Args: lead: shape (P,), P ≥ 1.
    Source: Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    confidence, correct, member = binned(lead, temperature=temperature)
    return float(np.abs(((confidence - correct)[:, None] * member).sum(axis=0)).sum() / lead.size)


def ece_interval(lead: Floats, resampling: Resampling, *, temperature: float = 1.0) -> Interval:
    """Calibration error with its 95 % interval. Resampling adds noise that looks like error: its mean excess is taken
    off the ends, so that the interval lies around the estimate."""
    value = expected_calibration_error(lead, temperature=temperature)
    confidence, correct, member = binned(lead, temperature=temperature)
    sums = resampling.totals(np.concatenate([(confidence - correct)[:, None] * member, member], axis=1))
    drawn = np.abs(sums[:, :BINS]).sum(axis=1) / sums[:, BINS:].sum(axis=1)
    low, high = ends_of(drawn - (drawn.mean() - value), prompts=resampling.prompts)
    return Interval(value, max(0.0, min(value, low)), min(1.0, max(value, high)))


def ece_by_chance(lead: Floats, *, temperature: float = 1.0, seed: int = 0) -> float:
    """The calibration error that as many pairs show on average though every confidence is exactly true.

    An ECE near this value is no sign of miscalibration. Pairs are taken as independent.

    Source: Bröcker & Smith 2007, Weather and Forecasting 22 (consistency resampling).
    """
    confidence, _, member = binned(lead, temperature=temperature)
    draw = np.random.default_rng(seed)
    found = [
        np.abs((confidence - (draw.random(lead.size) < confidence)) @ member).sum() / lead.size
        for _ in range(SIMULATIONS)
    ]
    return float(np.mean(found))


def reliability(lead: Floats, resampling: Resampling, *, temperature: float = 1.0) -> list[CalibrationBin]:
    """The bins that hold pairs, least confident first."""
    confidence, correct, member = binned(lead, temperature=temperature)
    bins = []
    for index in range(BINS):
        inside = member[:, index] == 1
        if inside.any():
            true = resampling.share(correct, inside)
            mean = float(confidence[inside].mean())
            bins.append(CalibrationBin(mean, true.value, true.low, true.high, int(inside.sum())))
    return bins
