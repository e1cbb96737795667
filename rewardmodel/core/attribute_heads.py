"""One linear head for each rated attribute on one backbone: the reward is their weighted sum, and a linear head again.

Notation: A attributes, d features of a text, B texts.
Sources: a linear head for each attribute, trained on its ratings by squared error, and a reward of fixed weights: Wang
et al. 2024, "HelpSteer2", arXiv:2406.08673, sec. 4; Wang et al. 2024, "ArmoRM", arXiv:2406.12845, sec. 2.1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from rewardmodel.core.head_bank import HeadBank, fresh_bank, read_by
from rewardmodel.core.losses.regression import RatedAttribute
from rewardmodel.core.model import RewardNetwork


class AttributeHeads(nn.Module):
    """A heads that predict ratings, and the reward that they make, always computed in float32.

    Args:
        bank: the heads, each in standard deviations of its attribute's ratings.
        attributes: what each is about, in the same order.
        reward_has_bias: False where the model's own head has none. The reward then leaves out what the biases would add
            to it: the same for every text, so that no difference of rewards sees it. The predictions keep theirs.

    Raises: ValueError if there are more or fewer heads than attributes.
    """

    shares: Tensor

    def __init__(self, bank: HeadBank, attributes: Sequence[RatedAttribute], *, reward_has_bias: bool) -> None:
        super().__init__()
        if len(bank.weight) != len(attributes):
            raise ValueError(f"There are {len(bank.weight)} heads for {len(attributes)} attributes.")
        self.bank, self.attributes, self.reward_has_bias = bank, tuple(attributes), reward_has_bias
        shares = torch.tensor([attribute.weight for attribute in attributes])
        self.register_buffer("shares", shares, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """The reward, shape (B, 1), for features of shape (B, d)."""
        return nn.functional.linear(features.float(), *self.combined())

    def combined(self) -> tuple[Tensor, Tensor | None]:
        """The one head whose output is the weighted sum of all: weight (1, d), and bias (1,) or None."""
        weight = (self.shares @ self.bank.weight)[None]
        return weight, (self.shares @ self.bank.bias)[None] if self.reward_has_bias else None

    def as_ratings(self, standardized: Tensor) -> Tensor:
        """What the heads say in the unit of each attribute's ratings, both of shape (B, A); float64."""
        std = standardized.new_tensor([attribute.std for attribute in self.attributes], dtype=torch.float64)
        return standardized * std + std.new_tensor([attribute.mean for attribute in self.attributes])


def with_attribute_heads(
    network: RewardNetwork, attributes: Sequence[RatedAttribute], bank: HeadBank | None = None, *, seed: int = 0
) -> RewardNetwork:
    """The network read by a head for each attribute: those of the bank, or else fresh ones drawn from the seed."""
    heads = bank or fresh_bank(network.head.in_features, len(attributes), seed=seed)
    return read_by(network, AttributeHeads(heads, attributes, reward_has_bias=network.head.bias is not None))


def attributes_of(network: RewardNetwork) -> tuple[RatedAttribute, ...]:
    """What its attribute heads are about; () without any."""
    return network.heads.attributes if isinstance(network.heads, AttributeHeads) else ()


def read_attributes(network: RewardNetwork, features: Tensor) -> Tensor:
    """What each attribute head says, shape (B, A), float32, in standard deviations of its ratings; A may be 0."""
    if not isinstance(network.heads, AttributeHeads):
        return features.new_zeros(len(features), 0, dtype=torch.float32)
    with torch.autocast(device_type=features.device.type, enabled=False):
        said: Tensor = network.heads.bank(features)
        return said


def write_weighted_head(network: RewardNetwork, heads: AttributeHeads) -> None:
    """Make the model's own head the weighted sum of the attribute heads, so that a plain loader gets the reward."""
    weight, bias = heads.combined()
    with torch.no_grad():
        network.head.weight.copy_(weight)
        if bias is not None:
            network.head.bias.copy_(bias)
