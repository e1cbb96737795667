"""Which weights move, and how fast: AdamW, with a rate for each depth of the backbone, the head and the objective."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.distributed.tensor import DTensor

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.model import RewardNetwork, transformer_layers
from rewardmodel.core.training.objective import Objective


def build_optimizer(network: RewardNetwork, config: TrainConfig, objective: Objective) -> torch.optim.AdamW:
    """AdamW over what is trained: head and tie parameter at their own rates, decay on the backbone's matrices only.

    Source: Loshchilov & Hutter 2019, arXiv:1711.05101; rates by depth: Howard & Ruder 2018, arXiv:1801.06146, sec. 3.2.
    """
    groups: dict[tuple[float, float, bool], list[nn.Parameter]] = {}
    for weight, peak, decay in _rates(network, config, objective):
        is_divided = isinstance(weight, DTensor)  # one kernel takes divided weights or whole ones, not both
        groups.setdefault((peak, decay, is_divided), []).append(weight)
    return torch.optim.AdamW(
        [{"params": part, "lr": 0.0, "peak": peak, "weight_decay": decay} for (peak, decay, _), part in groups.items()],
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, share: float) -> None:
    """Give every group this part of its peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * share


def _rates(
    network: RewardNetwork, config: TrainConfig, objective: Objective
) -> Iterator[tuple[nn.Parameter, float, float]]:
    """Each trained weight once, with its peak learning rate and its weight decay."""
    heads = {id(weight) for weight in (*network.head.parameters(), *network.heads.parameters())}
    depths = _layers_above(network)
    for weight in network.model.parameters():
        if weight.requires_grad and id(weight) not in heads:
            peak = config.learning_rate * config.layer_decay ** depths.get(id(weight), 0)
            yield weight, peak, config.weight_decay if weight.dim() >= 2 else 0.0
    for weight in nn.ModuleList([network.head, network.heads]).parameters():
        if weight.requires_grad:
            yield weight, config.head_learning_rate, 0.0
    for weight in objective.parameters():
        yield weight, config.tie_learning_rate, 0.0


def _layers_above(network: RewardNetwork) -> dict[int, int]:
    """How many layers lie above each weight of the backbone, by id: all for the embeddings, none for a pooler."""
    layers = transformer_layers(network.model)
    embeddings = getattr(network.model.base_model, "embeddings", None) or network.model.get_input_embeddings()
    above = {id(weight): len(layers) for weight in embeddings.parameters()}
    for number, layer in enumerate(layers):
        above.update({id(weight): len(layers) - 1 - number for weight in layer.parameters()})
    return above
