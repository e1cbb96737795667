"""Which comparison teaches most: where a reward model is unsure of the verdict, or policies of their order."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from labeling.stats.bradley_terry import fit_bradley_terry, sigmoid

Floats = NDArray[np.float64]

PRIOR_VARIANCE = 4.0  # of a policy's strength, in nats²: three in four of them lie within ±2.3


@dataclass(frozen=True)
class Strengths:
    """What is known of how strong P policies are: a Gaussian over their strengths in nats.

    Args:
        mean: shape (P,).
        covariance: shape (P, P).
    """

    mean: Floats
    covariance: Floats

    def variance_of_difference(self, one: int, other: int) -> float:
        """How uncertain it still is by how much one policy is stronger than another, in nats²."""
        c = self.covariance
        return float(c[one, one] + c[other, other] - 2 * c[one, other])


def fit_strengths(wins: Floats, *, prior_variance: float = PRIOR_VARIANCE) -> Strengths:
    """Fit Bradley–Terry strengths with a Gaussian prior, and their covariance at the mode (Laplace).

    The prior keeps a policy that never lost finite, and one that nobody judged as uncertain as at first.

    Args:
        wins: how often the row's policy was preferred to the column's, a tie half to each, shape (P, P), P ≥ 1.

    Returns: mean 0 and covariance `prior_variance` · I without any judgment.
    Raises: ValueError if `wins` is not square, or negative.
    Source: `fit_bradley_terry`.
    """
    if wins.ndim != 2 or wins.shape[0] != wins.shape[1] or (wins < 0).any():
        raise ValueError(f"Wins are a square matrix of counts, got shape {wins.shape}.")
    met = wins.copy()
    np.fill_diagonal(met, 0.0)
    fit = fit_bradley_terry(met[None], np.zeros_like(met)[None], prior_variance=prior_variance)
    return Strengths(fit.strengths[0], np.linalg.inv(fit.information[0]))


def expected_information(strengths: Strengths, policies: Sequence[int]) -> float:
    """How much one comparison of these policies' responses is expected to tell of the policies' order, in nats.

    To first order a verdict between two of them tells p(1 − p)/2 times the variance of the difference of their
    strengths: most where the two are close in strength, or little is known of one of them. A ranking tells the mean
    over its pairs, so that one of many responses does not go first for its number.

    Args:
        policies: whose responses are shown, as indices into the strengths; equal ones tell nothing.

    Returns: 0 for one policy against itself; prior_variance/4 for two of which nothing is known.
    Source: Chaloner & Verdinelli 1995, Statistical Science 10(3), section 2 (Bayesian D-optimality; ½ log(1 + p(1−p)v)
        to first order); Glickman & Jensen 2005, JSPI 127, on paired comparisons.
    """
    gains = []
    for one, other in combinations(policies, 2):
        chance = float(sigmoid(strengths.mean[one] - strengths.mean[other]))
        variance = strengths.variance_of_difference(one, other) if one != other else 0.0
        gains.append(chance * (1 - chance) * variance / 2)
    return sum(gains) / len(gains) if gains else 0.0


def verdict_uncertainty(rewards: Sequence[float], deviations: Sequence[float | None]) -> float:
    """How unsure a reward model is of the verdict on these responses, in nats: the entropy, the mean over pairs.

    The chance that one response is preferred is that of Bradley–Terry, averaged over what the rewards could be: a small
    difference and a large deviation both make it one half.

    Args:
        rewards: of each response, in nats.
        deviations: the standard deviation of each, in nats, None where the model does not say; taken as independent.

    Returns: log 2 for equal rewards; 0 for fewer than two responses.
    Raises: ValueError if the two differ in length.
    Source: Lewis & Gale 1994 (uncertainty sampling); MacKay 1992, Neural Computation 4(5), eq. 10, for the average of a
        sigmoid over a Gaussian.
    """
    if len(rewards) != len(deviations):
        raise ValueError(f"{len(rewards)} rewards with {len(deviations)} deviations.")
    entropies = []
    for one, other in combinations(range(len(rewards)), 2):
        variance = (deviations[one] or 0.0) ** 2 + (deviations[other] or 0.0) ** 2
        lead = (rewards[one] - rewards[other]) / math.sqrt(1 + math.pi * variance / 8)
        entropies.append(_entropy_of_sigmoid(lead))
    return sum(entropies) / len(entropies) if entropies else 0.0


def _entropy_of_sigmoid(lead: float) -> float:
    lead = abs(lead)
    tail = math.exp(-lead)
    return math.log1p(tail) + lead * tail / (1 + tail)
