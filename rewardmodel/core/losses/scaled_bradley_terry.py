"""Scaled Bradley–Terry: a verdict counts as many times as its preference strength says."""

from torch import Tensor

from rewardmodel.core.losses.bradley_terry import pair_nats

WEAKEST = 1.0


def scaled_pair_nats(better: Tensor, worse: Tensor, *, strength: Tensor, target: Tensor | None = None) -> Tensor:
    """What each pair costs when its log-likelihood is taken `strength` times.

    Unlike a margin it asks for no larger lead: the strong verdicts have more say where verdicts disagree.

    Args:
        better, worse: rewards, shape (P,), in nats.
        strength: 1 (slightly), 2 (better), 3 (much better), shape (P,). What is below 1, a verdict without strength or
            "barely better", counts as the weakest, 1.
        target: probability that the better response is preferred, shape (P,); ones by default.

    Returns: shape (P,), in nats; strength × log 2 when the two rewards are equal.
    Raises: ValueError if the shapes differ.
    Source: Wang et al. 2024, arXiv:2410.01257 (HelpSteer2-Preference), Scaled Bradley–Terry.
    """
    if strength.shape != better.shape:
        raise ValueError(f"strength has shape {tuple(strength.shape)}; better has {tuple(better.shape)}.")
    return strength.clamp(min=WEAKEST) * pair_nats(better, worse, target=target)
