"""How well rewards agree with verdicts: order, likelihood, calibration. NumPy only.

Notation: the lead of a pair is the reward of the response that people found better minus that of the other, in nats.
"""

import numpy as np

from rewardmodel.core.resampling import Floats

TEMPERATURE_RANGE = (0.05, 20.0)
FEWEST_PAIRS_TO_CALIBRATE = 20


def pairwise_correct(lead: Floats) -> Floats:
    """1 where the better response has the higher reward, 0 where lower, one half where equal; shape (P,)."""
    return np.where(lead > 0, 1.0, np.where(lead < 0, 0.0, 0.5))


def pair_log_loss(lead: Floats, *, temperature: float = 1.0) -> Floats:
    """Negative log-likelihood of each verdict in nats, shape (P,); log 2 where the rewards are equal."""
    return np.logaddexp(0.0, -lead / temperature)


def log_loss(lead: Floats, *, temperature: float = 1.0) -> float:
    """Mean negative log-likelihood of the verdicts in nats; log 2 when all rewards are equal."""
    return float(pair_log_loss(lead, temperature=temperature).mean())


def pair_brier(lead: Floats, *, temperature: float = 1.0) -> Floats:
    """Squared distance of each verdict from the probability given to it, shape (P,); 1/4 where the rewards are equal.

    Source: Brier 1950, for the one class that came true (half of the sum over both classes).
    """
    return (1 - win_probability(lead, temperature=temperature)) ** 2


def win_probability(lead: Floats, *, temperature: float = 1.0) -> Floats:
    """The probability that a response wins with this lead: sigmoid(lead / temperature), without overflow."""
    return np.exp(-np.logaddexp(0.0, -lead / temperature))


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
