"""Rao–Kupper: people call a tie where one response does not lead by a threshold that they can perceive.

Notation: r_i the reward of response i in nats, d = r_1 - r_2, η = log θ > 0 the threshold in nats, θ > 1 the tie
parameter.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def rao_kupper_log_probabilities(lead: Tensor, log_theta: Tensor) -> Tensor:
    """How likely each ending of a comparison of two is: P(1 wins) = σ(d - η), P(2 wins) = σ(-d - η), a tie is the rest.

    Args:
        lead: d, shape (P,), in nats.
        log_theta: η, shape (), positive, in nats.

    Returns: log-probabilities of: first wins, second wins, tie, shape (P, 3), in nats. At d = 0 a tie has
        (θ - 1) / (θ + 1).
    Raises: ValueError if the shapes are others.
    Source: Rao & Kupper 1967, J. Am. Stat. Assoc. 62 (317), 194-204: P(tie) = (θ² - 1) P(1 wins) P(2 wins).
    """
    if lead.dim() != 1 or log_theta.dim() != 0:
        raise ValueError(
            f"lead and log_theta have shapes {tuple(lead.shape)} and {tuple(log_theta.shape)}, not (P,) and ()."
        )
    first, second = F.logsigmoid(lead - log_theta), F.logsigmoid(-lead - log_theta)
    log_theta_squared_less_1 = 2 * log_theta + torch.log(-torch.expm1(-2 * log_theta))
    return torch.stack((first, second, log_theta_squared_less_1 + first + second), dim=1)


def sureness_of_decisions(theta: float) -> float:
    """How fast the log-odds of a decision grow with the lead where two rewards are equal, 1 to 2; 1 without ties.

    Given that it is no tie, the first wins with the log-odds log (1 + θe^d) / (1 + θe^-d): who leads by little mostly
    ties. Their slope at d = 0 is 2θ / (1 + θ); far from it 1, the slope of Bradley & Terry.
    """
    return 2 * theta / (1 + theta)


def log_theta_of_tie_share(share: float) -> float:
    """η that makes equal rewards tie with this probability, 0 < share < 1; log 2 (θ = 2) at one third."""
    return math.log((1 + share) / (1 - share))
