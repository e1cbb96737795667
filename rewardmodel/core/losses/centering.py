"""Rewards near zero: a reward model's likelihood says nothing of where its zero lies."""

from torch import Tensor


def squared_rewards(rewards: Tensor) -> Tensor:
    """How far each reward is from zero, squared.

    The mean over the responses of a comparison is the square of their mean plus their variance. The first is what is
    wanted: it moves no lead. The second shortens leads a little, so the coefficient is kept small (0.01).

    Args:
        rewards: shape (B,), in nats.

    Returns: shape (B,), in squared nats; 0 at a reward of 0.
    Source: Eisenstein et al. 2023, arXiv:2312.09244, who square the sum of a pair's two rewards: four times the mean
        of these squares, less the squared lead.
    """
    return rewards.square()
