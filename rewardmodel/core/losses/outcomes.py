"""A verdict on two responses with three ways to end: the better one wins, the worse one wins, neither does.

`davidson` and `rao_kupper` say how likely each is; here is what the one that happened costs.
"""

import torch
from torch import Tensor

TIE = 0.5


def outcome_nats(log_probabilities: Tensor, target: Tensor) -> Tensor:
    """What each verdict costs.

    Args:
        log_probabilities: of better wins, worse wins, tie, shape (P, 3), in nats.
        target: probability that the better response is preferred, shape (P,), 0 to 1; exactly 0.5 is a tie, all else
            the share of two opposite verdicts (1 for one certain verdict).

    Returns: shape (P,), in nats; log 3 where the three are equally likely.
    Raises: ValueError if the shapes do not fit.
    """
    if target.dim() != 1 or log_probabilities.shape != (len(target), 3):
        raise ValueError(
            f"log_probabilities have shape {tuple(log_probabilities.shape)}, target has {tuple(target.shape)}; "
            "(P, 3) and (P,) fit."
        )
    is_tie = target == TIE
    wins = target * log_probabilities[:, 0] + (1 - target) * log_probabilities[:, 1]
    return -torch.where(is_tie, log_probabilities[:, 2], wins)
