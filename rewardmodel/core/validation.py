"""Rewards on held-out comparisons while a model is being trained."""

from dataclasses import dataclass

import torch
from torch import Tensor

from rewardmodel.core.data import TrainingSet
from rewardmodel.core.hardware import TOKENS_PER_BATCH, computing_in
from rewardmodel.core.losses.bradley_terry import pair_nats
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.objective import pair_batch
from rewardmodel.core.scorer import score_texts

REFERENCE_TEXTS = 512


@dataclass(frozen=True)
class Validation:
    """Rewards on the validation split: mean loss in nats, share of pairs in the right order, leads of all pairs."""

    loss: float
    accuracy: float
    leads: Tensor


def validate(network: RewardNetwork, data: TrainingSet, precision: str = "fp32") -> Validation | None:
    """Loss and accuracy on held-out comparisons; None if there are none."""
    if not data.comparisons:
        return None
    texts = [text for comparison in data.comparisons for text in comparison.texts]
    with computing_in(precision, network.device):
        values = score_texts(network, texts, tokens_per_batch=TOKENS_PER_BATCH[network.device.type])
    rewards = torch.tensor(values)
    pair = pair_batch(data.comparisons)
    leads = rewards[pair.better] - rewards[pair.worse]
    nats = pair_nats(rewards[pair.better], rewards[pair.worse], target=pair.target)
    loss = (nats * pair.weight).sum() / pair.weight.sum()
    return Validation(loss.item(), (leads > 0).float().mean().item(), leads[pair.target > 0.5])


def reward_statistics(network: RewardNetwork, data: TrainingSet) -> tuple[float, float]:
    """Mean and standard deviation of the rewards of up to 512 texts, in nats; a std of 0 is given as 1."""
    texts = [text for comparison in data.comparisons for text in comparison.texts][:REFERENCE_TEXTS]
    rewards = torch.tensor(score_texts(network, texts, tokens_per_batch=TOKENS_PER_BATCH[network.device.type]))
    std = rewards.std(correction=0).item()
    return rewards.mean().item(), std if std > 1e-6 else 1.0
