"""Davidson: a tie is as likely as ν times the geometric mean of the two responses' strengths.

Notation: r_i the reward of response i in nats, d = r_1 - r_2, ν > 0 the tie parameter.
"""

import math

import torch
from torch import Tensor


def davidson_log_probabilities(lead: Tensor, log_nu: Tensor) -> Tensor:
    """How likely each ending of a comparison of two is: P(1 wins) : P(2 wins) : P(tie) = e^(d/2) : e^(-d/2) : ν.

    Args:
        lead: d, shape (P,), in nats.
        log_nu: log ν, shape ().

    Returns: log-probabilities of: first wins, second wins, tie, shape (P, 3), in nats. At d = 0 a tie has ν / (2 + ν).
        Given that it is no tie, the first wins with the odds e^d of Bradley & Terry.
    Raises: ValueError if the shapes are others.
    Source: Davidson 1970, J. Am. Stat. Assoc. 65 (329), 317-328.
    """
    if lead.dim() != 1 or log_nu.dim() != 0:
        raise ValueError(f"lead and log_nu have shapes {tuple(lead.shape)} and {tuple(log_nu.shape)}, not (P,) and ().")
    return torch.log_softmax(torch.stack((lead / 2, -lead / 2, log_nu.expand_as(lead)), dim=1), dim=1)


def log_nu_of_tie_share(share: float) -> float:
    """log ν that makes equal rewards tie with this probability, 0 < share < 1; 0 (ν = 1) at one third."""
    return math.log(2 * share / (1 - share))
