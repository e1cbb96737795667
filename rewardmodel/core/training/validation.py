"""Rewards on held-out comparisons while a model is being trained."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.training_set import TrainingSet
from rewardmodel.core.ensembles.ensemble import read_outputs
from rewardmodel.core.hardware import TOKENS_PER_BATCH, computing_in
from rewardmodel.core.losses.outcomes import TIE
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.training.objective import Objective, pair_batch
from rewardmodel.core.training.parallel import ALONE, Processes
from rewardmodel.core.training.sharding import is_sharded


@dataclass(frozen=True)
class Validation:
    """Rewards on the validation split.

    Args:
        loss: what is learned costs here on average, in the objective's own unit.
        leads: of the better response in each pair that is no tie, in nats, shape (P,).
    """

    loss: float
    leads: Tensor

    @property
    def accuracy(self) -> float:
        """Share of pairs in the right order; one half where no pair has one."""
        return (self.leads > 0).float().mean().item() if len(self.leads) else 0.5

    @property
    def margin(self) -> float:
        """Mean lead in nats; 0 without pairs."""
        return self.leads.mean().item() if len(self.leads) else 0.0


def validate(
    network: RewardNetwork,
    data: TrainingSet,
    objective: Objective,
    precision: str = "fp32",
    *,
    processes: Processes = ALONE,
) -> Validation | None:
    """What held-out comparisons cost, and how many pairs stand in the right order; None if there are none.

    The loss is the objective's own, its margins, smoothing and centering included: the weights that are kept are the
    best at what is learned. Of several processes each scores its part, and all get the same figures.
    """
    if not data.comparisons:
        return None
    comparisons = list(data.comparisons)  # packed ones are built anew whenever they are gone through
    texts = [text for comparison in comparisons for text in comparison.texts]
    with computing_in(precision, network.device):
        rewards, attributes = _scores(network, texts, processes)
    with torch.inference_mode():
        cost = objective.cost(rewards, comparisons, attributes=attributes).item()
    pair = pair_batch(comparisons)
    rewards = rewards.cpu()
    leads = rewards[pair.better] - rewards[pair.worse]
    return Validation(cost / objective.weight(comparisons), leads[pair.target > TIE])


def _scores(network: RewardNetwork, texts: Sequence[EncodedText], processes: Processes) -> tuple[Tensor, Tensor]:
    """The reward of each text, shape (B,), the mean where there are several heads, and what A attribute heads say,
    shape (B, A). A divided backbone is computed by all processes for all texts."""
    by_length = sorted(range(len(texts)), key=lambda index: len(texts[index].token_ids))
    mine = by_length if is_sharded(network.model) else by_length[processes.rank :: processes.count]
    outputs = read_outputs(
        (network,), [texts[index] for index in mine], tokens_per_batch=TOKENS_PER_BATCH[network.device.type]
    )
    found = torch.cat([outputs.members.mean(dim=1, keepdim=True), outputs.attributes], dim=1).to(network.device)
    said = torch.zeros(len(texts), found.shape[1], device=network.device)
    said[mine] = found
    said = said if is_sharded(network.model) else processes.total(said)
    return said[:, 0], said[:, 1:]
