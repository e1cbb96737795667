"""How well rewards agree with verdicts: order, likelihood, calibration. NumPy only.

Notation: the lead of a pair is the reward of the response that people found better minus that of the other, in nats.
"""

import numpy as np

from rewardmodel.core.resampling import Floats


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
