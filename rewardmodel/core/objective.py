"""What an optimizer step makes likely: what was said of some comparisons, and what their rewards cost by it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from rewardmodel.core.config.objective import ObjectiveSettings
from rewardmodel.core.data import TokenizedComparison
from rewardmodel.core.losses.bradley_terry import pair_nats, smoothed


@dataclass(frozen=True)
class PairBatch:
    """Pairs that point into a batch of texts: all tensors of shape (P,), indices int64, the rest float32."""

    better: Tensor
    worse: Tensor
    margin: Tensor
    target: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> "PairBatch":
        return PairBatch(*(getattr(self, name).to(device, non_blocking=True) for name in self.__dataclass_fields__))


class Objective(nn.Module):
    """The cost of rewards. What it learns beside them (a tie parameter, say) are its own parameters.

    Args:
        settings: which model of judging, and its constants.
    """

    def __init__(self, settings: ObjectiveSettings) -> None:
        super().__init__()
        self.settings = settings

    def weight(self, comparisons: Sequence[TokenizedComparison]) -> float:
        """What these comparisons weigh together; the cost of a step is divided by it."""
        return sum(pair.weight for comparison in comparisons for pair in comparison.pairs)

    def cost(self, rewards: Tensor, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """Weighted sum of what the comparisons cost, shape (), in nats.

        Args:
            rewards: of all their texts, one comparison after the other, shape (B,).
        """
        pair = pair_batch(comparisons).to(rewards.device)
        target = smoothed(pair.target, self.settings.label_smoothing)
        nats = pair_nats(rewards[pair.better], rewards[pair.worse], margin=pair.margin, target=target)
        return (nats * pair.weight).sum()


def pair_batch(comparisons: Sequence[TokenizedComparison]) -> PairBatch:
    """The pairs of these comparisons, their indices shifted to where each comparison's texts stand in the batch."""
    better, worse, margin, target, weight = [], [], [], [], []
    start = 0
    for comparison in comparisons:
        for pair in comparison.pairs:
            better.append(start + pair.better)
            worse.append(start + pair.worse)
            margin.append(pair.margin)
            target.append(pair.target)
            weight.append(pair.weight)
        start += len(comparison.texts)
    return PairBatch(
        torch.tensor(better, dtype=torch.int64),
        torch.tensor(worse, dtype=torch.int64),
        torch.tensor(margin, dtype=torch.float32),
        torch.tensor(target, dtype=torch.float32),
        torch.tensor(weight, dtype=torch.float32),
    )
