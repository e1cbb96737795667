"""Bradley–Terry: the lead in reward is the log-odds that a response is preferred."""

import torch.nn.functional as F
from torch import Tensor


def bradley_terry_loss(
    better: Tensor,
    worse: Tensor,
    *,
    margin: Tensor | None = None,
    target: Tensor | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """Negative log-likelihood that each better response beats its worse one.

    Args:
        better, worse: rewards, shape (P,), in nats.
        margin: lead that the better response must have before the verdict counts as expected, shape (P,), in nats;
            zeros by default.
        target: probability that the better response is preferred, shape (P,), 0 to 1; ones by default, 0.5 for a tie.
        weight: how much each pair counts, shape (P,), non-negative, not all zero; ones by default.

    Returns: weighted mean, shape (), in nats; log 2 when all rewards are equal and there is no margin.
    Raises: ValueError if the shapes differ (broadcasting here would be a silent bug).
    Source: Bradley & Terry 1952; Stiennon et al. 2020, arXiv:2009.01325, eq. 1; margin: Touvron et al. 2023,
        arXiv:2307.09288, eq. 2. Over all pairs of one prompt: Ouyang et al. 2022, arXiv:2203.02155, eq. 1.
    """
    nats = pair_nats(better, worse, margin=margin, target=target)
    if weight is None:
        return nats.mean()
    if weight.shape != nats.shape:
        raise ValueError(f"weight has shape {tuple(weight.shape)}; the pairs have {tuple(nats.shape)}.")
    return (nats * weight).sum() / weight.sum()


def pair_nats(better: Tensor, worse: Tensor, *, margin: Tensor | None = None, target: Tensor | None = None) -> Tensor:
    """What each pair alone costs, shape (P,), in nats. Arguments and source as in `bradley_terry_loss`."""
    lead = lead_nats(better, worse, margin=margin, target=target)
    if target is None:
        return F.softplus(-lead)
    return target * F.softplus(-lead) + (1 - target) * F.softplus(lead)


def lead_nats(better: Tensor, worse: Tensor, *, margin: Tensor | None = None, target: Tensor | None = None) -> Tensor:
    """By how much the better response leads, less the margin, shape (P,), in nats.

    Raises: ValueError if the shapes, that of `target` included, differ.
    """
    for name, values in (("worse", worse), ("margin", margin), ("target", target)):
        if values is not None and values.shape != better.shape:
            raise ValueError(f"{name} has shape {tuple(values.shape)}; better has {tuple(better.shape)}.")
    if better.dim() != 1:
        raise ValueError(f"better must have shape (P,), not {tuple(better.shape)}.")
    return better - worse if margin is None else better - worse - margin


def smoothed(target: Tensor, label_smoothing: float) -> Tensor:
    """Targets when each verdict is wrong with probability `label_smoothing`: 1 becomes 1 - s, 0.5 stays 0.5.

    Source: Mitchell 2023, "A note on DPO with noisy preferences", eq. 3.
    """
    return 0.5 + (target - 0.5) * (1 - 2 * label_smoothing)
