"""How well rewards agree with verdicts, with intervals, calibration and baselines. NumPy only."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 2000
CALIBRATION_BINS = 10
TEMPERATURE_RANGE = (0.05, 20.0)
FEWEST_PAIRS_TO_CALIBRATE = 20


@dataclass(frozen=True)
class Interval:
    """An estimate and the ends of its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CalibrationBin:
    """Pairs of similar confidence: what was claimed, what came true, how many."""

    confidence: float
    accuracy: float
    pairs: int


def pairwise_correct(lead: Floats) -> Floats:
    """1 where the better response has the higher reward, 0 where lower, one half where equal; shape (P,)."""
    return np.where(lead > 0, 1.0, np.where(lead < 0, 0.0, 0.5))


def accuracy_interval(correct: Floats, prompts: NDArray[np.int64], *, seed: int = 0) -> Interval:
    """Mean of `correct` over pairs, with a 95 % bootstrap interval that draws whole prompts.

    Pairs of one prompt are not independent; drawing prompts keeps the interval honest.

    Args:
        correct: shape (P,), P ≥ 1.
        prompts: which prompt each pair belongs to, any integers, shape (P,).
        seed: draws the resamples.

    Returns: (0.5, low, high) for half right; low = high = 1 where every pair is right.
    Raises: ValueError if the shapes differ or there is no pair.
    Source: Efron & Tibshirani 1993, ch. 13 (percentile interval), with clusters as units.
    """
    if correct.shape != prompts.shape or correct.size == 0:
        raise ValueError(f"correct {correct.shape} and prompts {prompts.shape} must have one shape (P,), P ≥ 1.")
    _, cluster = np.unique(prompts, return_inverse=True)
    right = np.bincount(cluster, weights=correct)
    count = np.bincount(cluster).astype(np.float64)
    draw = np.random.default_rng(seed)
    means = np.empty(RESAMPLES)
    for index in range(RESAMPLES):
        chosen = draw.integers(0, len(count), len(count))
        means[index] = right[chosen].sum() / count[chosen].sum()
    low, high = np.quantile(means, (0.025, 0.975))
    return Interval(float(correct.mean()), float(low), float(high))


def log_loss(lead: Floats, *, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of the verdicts in nats; log 2 when all rewards are equal."""
    return float(np.logaddexp(0.0, -lead / temperature).mean())


def fit_temperature(lead: Floats) -> float:
    """The temperature that makes sigmoid(lead / temperature) most likely; 1.0 for fewer than 20 pairs.

    Two imagined pairs of average lead, one right and one wrong, keep it finite when every pair is right.

    Args: lead: reward of the better response minus the worse one's, shape (P,).
    Returns: between 0.05 and 20.
    Source: Guo et al. 2017, arXiv:1706.04599, sec. 4.2, for one logit.
    """
    if lead.size < FEWEST_PAIRS_TO_CALIBRATE or not np.any(lead):
        return 1.0
    typical = np.abs(lead).mean()
    padded = np.concatenate([lead, [typical, -typical]])
    low, high = np.log(TEMPERATURE_RANGE[0]), np.log(TEMPERATURE_RANGE[1])
    ratio = (5**0.5 - 1) / 2
    for _ in range(60):  # golden section: the loss has one minimum in 1/T
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if log_loss(padded, temperature=np.exp(left)) < log_loss(padded, temperature=np.exp(right)):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def calibration(lead: Floats, *, temperature: float = 1.0) -> tuple[float, list[CalibrationBin]]:
    """Expected calibration error over ten equal bins of confidence from 0.5 to 1, and the bins that hold pairs.

    Args: lead: shape (P,), P ≥ 1; the confidence of a pair is sigmoid(|lead| / temperature).
    Returns: the mean gap between confidence and accuracy, weighted by pairs; 0 when each bin comes true as claimed.
    Source: Naeini et al. 2015; Guo et al. 2017, arXiv:1706.04599, eq. 3.
    """
    confidence = 1 / (1 + np.exp(-np.abs(lead) / temperature))
    correct = pairwise_correct(lead)
    place = np.minimum(((confidence - 0.5) * 2 * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    bins = []
    error = 0.0
    for index in range(CALIBRATION_BINS):
        inside = place == index
        if inside.any():
            bin_ = CalibrationBin(float(confidence[inside].mean()), float(correct[inside].mean()), int(inside.sum()))
            bins.append(bin_)
            error += abs(bin_.confidence - bin_.accuracy) * bin_.pairs / lead.size
    return error, bins


def agreement(votes: Sequence[Mapping[tuple[int, int], int]]) -> float | None:
    """How often two people agree on which of two responses is better, where both have a preference.

    Args: votes: for each comparison, how many judgments put response i above response j, by (i, j).
    Returns: 0 to 1; None when no two judgments prefer one of the same two responses.
    """
    agreeing = possible = 0
    for comparison in votes:
        for first, second in {(min(pair), max(pair)) for pair in comparison}:
            forward, backward = comparison.get((first, second), 0), comparison.get((second, first), 0)
            agreeing += forward * (forward - 1) // 2 + backward * (backward - 1) // 2
            possible += (forward + backward) * (forward + backward - 1) // 2
    return agreeing / possible if possible else None


def vote_counts(pairs: Sequence[Any]) -> Counter[tuple[int, int]]:
    """How often each (better, worse) occurs among a comparison's pairs."""
    return Counter((pair.better, pair.worse) for pair in pairs)
