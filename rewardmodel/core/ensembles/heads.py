"""Several linear heads on one backbone: opinions that cost next to nothing, and whose mean is a linear head again.

Notation: H heads, d features of a text, B texts.
Source: bootstrapped heads: Osband et al. 2016, "Deep Exploration via Bootstrapped DQN", arXiv:1602.04621, sec. 3;
resampling by a Poisson count for each unit: Oza & Russell 2001, "Online Bagging and Boosting", sec. 2.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.ensembles.ensemble import common_scales
from rewardmodel.core.hardware import sent
from rewardmodel.core.head_bank import HeadBank, fresh_bank, read_by
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.training.objective import Objective

T = TypeVar("T")


def with_heads(network: RewardNetwork, count: int, *, seed: int) -> RewardNetwork:
    """The network read by `count` fresh heads in place of its own."""
    return read_by(network, fresh_bank(network.head.in_features, count, seed=seed))


def times_drawn(prompt_hash: str, head: int, *, seed: int) -> int:
    """How often a head's resample holds a prompt: a Poisson(1) count, always the same for the same three.

    All comparisons of a prompt come and go together, because they are not independent. 37 % of prompts are not in a
    head's resample at all.
    """
    digest = hashlib.sha256(f"{seed}/{head}/{prompt_hash}".encode()).digest()
    left = int.from_bytes(digest[:8], "big") / 2**64
    count, probability = 0, math.exp(-1)
    while left >= probability and count < 20:
        left -= probability
        count += 1
        probability /= count
    return count


def cost_of_heads(
    objective: Objective,
    rewards: Tensor,
    comparisons: Sequence[TokenizedComparison],
    *,
    seed: int,
    attributes: Tensor | None = None,
) -> Tensor:
    """What comparisons cost a head on average, each on its own resample of their prompts; one head on all.

    A head's expected cost is that of all comparisons, so that a step's cost is divided by their weight as for one head.
    Gradients into the backbone are means over heads (Osband et al. 2016, app. D, normalize them alike).

    Args:
        rewards: by every head, shape (B, H).
        seed: draws the resamples.
        attributes: what attribute heads say, as `Objective.cost` has it; they are parts of one reward.
    """
    heads = rewards.shape[1]
    if heads == 1:
        return objective.cost(rewards[:, 0], comparisons, attributes=attributes)
    times = [[times_drawn(each.prompt_hash, head, seed=seed) for each in comparisons] for head in range(heads)]
    return mean_over_resamples(objective.cost, rewards, comparisons, times)


def mean_over_resamples(
    cost: Callable[[Tensor, Sequence[T]], Tensor], rewards: Tensor, items: Sequence[T], times: Sequence[Sequence[int]]
) -> Tensor:
    """What the items cost a head on average, each head counting them as often as its resample holds them.

    Args:
        cost: of rewards of shape (B,) and the items whose texts they are, shape ().
        rewards: by every head, shape (B, H), one item after the other; each item has as many rows as `len(item.texts)`.
        items: comparisons.
        times: how often each head's resample holds each item, H rows of one count an item.

    Returns: shape (); with one head and every count 1, the cost itself.
    """
    sizes = [len(item.texts) for item in items]  # type: ignore[attr-defined]
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    total = rewards.sum() * 0.0
    for head, counts in enumerate(times):
        drawn = [index for index, count in enumerate(counts) for _ in range(count)]
        if drawn:
            rows = [starts[index] + row for index in drawn for row in range(sizes[index])]
            places = sent(torch.tensor(rows), rewards.device)
            total = total + cost(rewards[places, head], [items[index] for index in drawn])
    return total / len(times)


def on_one_scale(bank: HeadBank, rewards: Tensor) -> None:
    """Stretch and shift each head in place, so that all have one mean and one spread on a reference set.

    Args: rewards: of the reference set by every head, shape (N, H), in nats (see `ensemble.common_scales`).
    """
    scales = common_scales(rewards)
    factors = bank.bias.new_tensor([scale.factor for scale in scales])
    with torch.no_grad():
        bank.weight.mul_(factors[:, None])
        bank.bias.mul_(factors).add_(bank.bias.new_tensor([scale.shift for scale in scales]))


def write_mean_head(network: RewardNetwork, bank: HeadBank) -> None:
    """Make the model's own head the mean of the heads, so that a plain loader gets the mean reward.

    A head without bias gets none: what the mean of the biases would add is the same for every text, and no difference
    of rewards sees it. The heads then give that constant up too, so that their mean is the plain reward exactly.
    """
    with torch.no_grad():
        network.head.weight.copy_(bank.weight.mean(dim=0, keepdim=True))
        if network.head.bias is not None:
            network.head.bias.copy_(bank.bias.mean().reshape(1))
        else:
            bank.bias.sub_(bank.bias.mean())
