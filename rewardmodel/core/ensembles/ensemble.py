"""Several opinions on one text, put on one scale and combined into one reward with its uncertainty.

Notation: N texts, M members (networks, or heads of one network).
Source: Coste et al. 2023, "Reward Model Ensembles Help Mitigate Overoptimization", arXiv:2310.02743, sec. 3: mean,
worst case (minimum) and uncertainty-weighted (mean less λ times the variance between members).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rewardmodel.core.attribute_heads import attributes_of, read_attributes
from rewardmodel.core.config.ensemble import MEAN, MEAN_VARIANCE, MINIMUM, WEIGHTS
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.routes.route import Route
from rewardmodel.core.routes.scoring import scoring_batches

LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Scale:
    """How one member's rewards come onto the scale of all: reward * factor + shift, in nats."""

    factor: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class Opinions:
    """What members say together.

    Args:
        reward: combined, shape (N,), in nats.
        uncertainty: standard deviation between members, shape (N,), in nats; None where there is only one.
        members: each member's reward on the common scale, shape (N, M).
        attributes: what attribute heads predict, shape (N, A), in the unit of each attribute's ratings; None without
            any.
    """

    reward: Tensor
    uncertainty: Tensor | None
    members: Tensor
    attributes: Tensor | None = None


@dataclass(frozen=True)
class Outputs:
    """What all heads say of N texts, float32 on the CPU.

    Args:
        members: every member's reward, shape (N, M), in nats.
        attributes: of a network with attribute heads what each says, shape (N, A), in standard deviations; else A = 0.
    """

    members: Tensor
    attributes: Tensor


def combine(members: Tensor, *, how: str = MEAN, uncertainty_penalty: float = 0.0) -> Opinions:
    """One reward for each text out of several, and how far they lie apart.

    Args:
        members: rewards on one scale, shape (N, M), in nats.
        how: "mean", "minimum", or "mean-variance": the mean less `uncertainty_penalty` times the variance.
        uncertainty_penalty: λ ≥ 0, per nat.

    Returns: for members that agree, what they say, with uncertainty 0. Variance and standard deviation are those of
        the members at hand (divided by M).
    Raises: ValueError for another shape or rule.
    Source: Coste et al. 2023, arXiv:2310.02743, sec. 3.
    """
    if members.dim() != 2 or not members.shape[1]:
        raise ValueError(f"members must have shape (N, M), M ≥ 1, not {tuple(members.shape)}.")
    if members.shape[1] == 1:
        return Opinions(members[:, 0], None, members)
    mean = members.mean(dim=1)
    variance = (members - mean[:, None]).square().mean(dim=1)
    if how in (MEAN, WEIGHTS):
        reward = mean
    elif how == MINIMUM:
        reward = members.min(dim=1).values
    elif how == MEAN_VARIANCE:
        reward = mean - uncertainty_penalty * variance
    else:
        raise ValueError(f"There is no way to combine members named {how!r}.")
    return Opinions(reward, variance.sqrt(), members)


def common_scales(rewards: Tensor) -> list[Scale]:
    """How members come onto one scale: one mean and one standard deviation on a reference set, the means of theirs.

    Rewards are defined up to a constant only, and networks trained on the same verdicts learn scales that differ a
    little. What remains between members afterwards is disagreement about texts.

    Args: rewards: of the reference set by each member, shape (N, M), in nats. A member without spread keeps its own.
    """
    spread, means = rewards.double().std(dim=0, correction=0), rewards.double().mean(dim=0)
    factors = torch.where(spread > LEAST_SPREAD, spread.mean() / spread.clamp(min=LEAST_SPREAD), 1.0)
    center = means.mean()
    return [Scale(factor.item(), (center - mean * factor).item()) for factor, mean in zip(factors, means, strict=True)]


def read_members(
    networks: Sequence[RewardNetwork],
    texts: Sequence[EncodedText],
    *,
    tokens_per_batch: int,
    scales: Sequence[Scale] = (),
    routes: Sequence[Route] = (),
) -> Tensor:
    """What every member says of every text, shape (N, M), float32 on the CPU; arguments as `read_outputs`."""
    return read_outputs(networks, texts, tokens_per_batch=tokens_per_batch, scales=scales, routes=routes).members


def read_outputs(
    networks: Sequence[RewardNetwork],
    texts: Sequence[EncodedText],
    *,
    tokens_per_batch: int,
    scales: Sequence[Scale] = (),
    routes: Sequence[Route] = (),
) -> Outputs:
    """What all heads of the networks say of every text, in the order given.

    A text that occurs several times, as a response that was compared with several others does, is read once. Batches
    hold neighbours, so little is padding; each network goes through them in turn.

    Args:
        networks: each with one head or several; their heads follow each other.
        scales: of each network, where they are not yet on one scale.
        routes: how texts go through each network; padded by default.
    """
    rows = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    read = [
        _read(network, list(rows), route, tokens_per_batch=tokens_per_batch)
        for network, route in zip(networks, routes or [PaddedRoute()] * len(networks), strict=True)
    ]
    columns = [outputs.members for outputs in read]
    if scales:
        pairs = zip(columns, scales, strict=True)
        columns = [column * scale.factor + scale.shift for column, scale in pairs]
    places = [rows[text] for text in texts]
    return Outputs(torch.cat(columns, dim=1)[places], read[0].attributes[places])


def _read(network: RewardNetwork, texts: Sequence[EncodedText], route: Route, *, tokens_per_batch: int) -> Outputs:
    count = len(attributes_of(network))
    batches = scoring_batches(texts, route=route.name, tokens=tokens_per_batch)
    was_training = network.model.training
    network.model.eval()
    try:
        with torch.inference_mode():
            parts = [torch.zeros(0, 1 + count)] if not batches else []
            for batch in batches:
                features = route.text_features(network, [texts[index] for index in batch])
                parts.append(torch.cat([network.read(features), read_attributes(network, features)], dim=1).float())
            found = torch.cat(parts).cpu()  # all at once: a GPU computes a batch while the next one is laid out
    finally:
        network.model.train(was_training)
    said = torch.empty_like(found)
    said[[index for batch in batches for index in batch]] = found
    heads = said.shape[1] - count
    return Outputs(said[:, :heads], said[:, heads:])
