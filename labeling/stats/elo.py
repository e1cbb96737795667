"""Elo ratings of policies: a running score that depends on the order of the judgments, and how much it does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.stats.outcomes import Outcomes
from labeling.stats.resampling import unit_weights
from labeling.stats.scale import ELO

Floats = NDArray[np.float64]

K_FACTOR = 4.0  # of an arena; chess takes 10 to 40
SHUFFLES = 50
ROUNDS = 100
STEPS_AT_ONCE = 2048


@dataclass(frozen=True)
class EloRatings:
    """Ratings of P policies in points, about the scale's centre.

    Attributes:
        as_given: in the order in which the outcomes came, shape (P,).
        shuffled: in each of S random orders, shape (S, P).
        resampled: in R random orders, with the units weighed anew in each, shape (R, P).
    """

    as_given: Floats
    shuffled: Floats
    resampled: Floats

    @property
    def mean(self) -> Floats:
        """Over the random orders; it hardly depends on an order any more."""
        return self.shuffled.mean(axis=0)


def elo_ratings(
    outcomes: Outcomes, *, k: float = K_FACTOR, shuffles: int = SHUFFLES, rounds: int = ROUNDS, seed: int = 0
) -> EloRatings:
    """Rate policies in the order given, in random orders, and in random orders with units weighed anew.

    Raises: ValueError without a shuffle.
    Source: Elo 1978, The Rating of Chessplayers; many orders: Boubdir et al. 2023, arXiv:2311.17295.
    """
    if shuffles < 1:
        raise ValueError("One shuffle or more is wanted.")
    draw = np.random.default_rng([seed, 1])
    rows = np.arange(len(outcomes.score), dtype=np.int32)
    orders = np.stack([rows, *(draw.permutation(rows) for _ in range(shuffles + rounds))], axis=1)
    weights = np.ones((outcomes.units, 1 + shuffles + rounds), dtype=np.float32)
    for column, drawn in enumerate(unit_weights(outcomes.units, rounds, seed), start=1 + shuffles):
        weights[:, column] = drawn
    ratings = run_elo(outcomes, orders, weights, k)
    return EloRatings(ratings[0], ratings[1 : 1 + shuffles], ratings[1 + shuffles :])


def run_elo(outcomes: Outcomes, orders: NDArray[np.int32], unit_weights: NDArray[np.float32], k: float) -> Floats:
    """Rate R orders side by side: r += k · weight · (score − chance) for the first, and as much less for the second.

    A weight belongs to the whole step. (The library evalica multiplies the score alone by it, so that a win of weight
    one half between equals changes nothing.)

    Args:
        orders: which outcome comes at which step, shape (N, R).
        unit_weights: how much each unit counts in each, shape (units, R).

    Returns: shape (R, P), in points about `ELO.centre`.
    """
    rounds = np.arange(orders.shape[1])
    ratings = np.zeros((orders.shape[1], len(outcomes.policies)))
    for begin in range(0, len(orders), STEPS_AT_ONCE):
        rows = orders[begin : begin + STEPS_AT_ONCE]
        first, second, score = outcomes.first[rows], outcomes.second[rows], outcomes.score[rows]
        step = k * outcomes.weight[rows] * unit_weights[outcomes.unit[rows], rounds]
        for at in range(len(rows)):
            one, other = (rounds, first[at]), (rounds, second[at])
            lead = (ratings[one] - ratings[other]) / (2 * ELO.points_per_nat)
            change = step[at] * (score[at] - 0.5 - 0.5 * np.tanh(lead))
            ratings[one] += change
            ratings[other] -= change
    return ratings + ELO.centre
