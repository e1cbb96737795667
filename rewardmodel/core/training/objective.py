"""What an optimizer step makes likely: what was said of some comparisons, and what their rewards cost by it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rewardmodel.core.config.objective import (
    BRADLEY_TERRY,
    DAVIDSON,
    PLACKETT_LUCE,
    RAO_KUPPER,
    REGRESSION,
    SCALED_BRADLEY_TERRY,
    WITH_TIES,
    ObjectiveSettings,
)
from rewardmodel.core.data.comparison import PackedComparisons, packed
from rewardmodel.core.data.training_set import TokenizedComparison, TrainingSet
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.hardware import sent
from rewardmodel.core.losses.bradley_terry import lead_nats, pair_nats, smoothed
from rewardmodel.core.losses.centering import squared_rewards
from rewardmodel.core.losses.davidson import davidson_log_probabilities, log_nu_of_tie_share
from rewardmodel.core.losses.outcomes import TIE, outcome_nats
from rewardmodel.core.losses.plackett_luce import plackett_luce_nats, stage_batch, stages_of
from rewardmodel.core.losses.rao_kupper import log_theta_of_tie_share, rao_kupper_log_probabilities
from rewardmodel.core.losses.regression import RatedAttribute, rating_scales, share_of_attributes, squared_errors
from rewardmodel.core.losses.scaled_bradley_terry import scaled_pair_nats

TIE_SHARES = (0.01, 0.9)
TIE_SHARE_UNKNOWN = 1 / 3


@dataclass(frozen=True)
class PairBatch:
    """Pairs that point into a batch of texts: all tensors of shape (P,), indices int64, the rest float32."""

    better: Tensor
    worse: Tensor
    margin: Tensor
    target: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> "PairBatch":
        return PairBatch(*(sent(getattr(self, name), device) for name in self.__dataclass_fields__))


class Objective(nn.Module):
    """The cost of rewards. What it learns beside them, a tie parameter, is its own parameter.

    Whatever the loss, a comparison costs its weight times a weighted mean over what was said of it, so that the pairs,
    orders or ratings of one prompt weigh as one prompt.

    Args:
        settings: which model of judging, and its constants.
        comparisons: all that is trained on, whatever part of it this process sees. The share of ties among them is
            where a tie parameter starts; the mean and standard deviation of their ratings are the unit of "regression".

    Attributes:
        rating_scales: mean and standard deviation of the ratings, by attribute; empty for other losses.
        attributes: those that have a head of their own, in the order of the heads; () where one head makes the reward.

    Raises: InvalidConfig if an attribute is to have a head that nobody rated.
    """

    def __init__(self, settings: ObjectiveSettings, comparisons: Sequence[TokenizedComparison] = ()) -> None:
        super().__init__()
        self.settings = settings
        learned_from = packed(comparisons)
        self.tie: nn.Parameter | None = None
        if settings.loss in WITH_TIES:
            start = log_nu_of_tie_share if settings.loss == DAVIDSON else log_theta_of_tie_share
            self.tie = nn.Parameter(torch.tensor(start(tie_share(learned_from))))
            if settings.loss == RAO_KUPPER:
                self.tie.data.expm1_().log_()  # softplus, which keeps log θ positive, takes it back
        self.rating_scales = rating_scales(ratings_of(learned_from) if settings.loss == REGRESSION else {})
        weights = settings.attributes or dict.fromkeys(self.rating_scales, 1.0)
        self.attribute_shares = share_of_attributes(weights) if weights else {}
        self.attributes = self._attributes_with_heads() if settings.attribute_heads else ()
        self._columns = {attribute.name: column for column, attribute in enumerate(self.attributes)}

    def tie_parameter(self) -> float | None:
        """ν of Davidson or θ of Rao & Kupper as learned so far; None for a loss without one."""
        if self.tie is None:
            return None
        return self._log_tie_parameter().exp().item()

    def weight(self, comparisons: Sequence[TokenizedComparison]) -> float:
        """What these comparisons weigh together; the cost of a step is divided by it."""
        return sum(self._weight(comparison) for comparison in comparisons)

    def cost(
        self, rewards: Tensor, comparisons: Sequence[TokenizedComparison], *, attributes: Tensor | None = None
    ) -> Tensor:
        """Weighted sum of what the comparisons cost, shape (), in nats (squared standard deviations in "regression").

        Args:
            rewards: of all their texts, one comparison after the other, shape (B,).
            attributes: what each of A attribute heads says of the same texts, shape (B, A), in standard deviations;
                needed where attributes have heads, and of no account elsewhere.

        Raises: ValueError if there are more or fewer rewards than texts, or heads than attributes.
        """
        texts = sum(len(comparison.texts) for comparison in comparisons)
        if rewards.shape != (texts,):
            raise ValueError(f"rewards have shape {tuple(rewards.shape)}; the comparisons have {texts} texts.")
        if self.attributes and (attributes is None or attributes.shape != (texts, len(self.attributes))):
            found = None if attributes is None else tuple(attributes.shape)
            raise ValueError(f"attributes have shape {found}, not {(texts, len(self.attributes))}.")
        if self.settings.loss == PLACKETT_LUCE:
            cost = self._cost_of_orders(rewards, comparisons)
        elif self.settings.loss == REGRESSION:
            said = attributes if attributes is not None and self.attributes else rewards
            cost = self._cost_of_ratings(said, comparisons)
        else:
            cost = self._cost_of_pairs(rewards, comparisons)
        if self.settings.centering:
            share = [self._weight(each) / len(each.texts) for each in comparisons for _ in each.texts]
            cost = cost + self.settings.centering * (squared_rewards(rewards) * _numbers(share, rewards)).sum()
        return cost

    def heard(self, data: TrainingSet) -> TrainingSet:
        """The comparisons that say something to this loss; the others are counted among those left out."""
        kept = np.flatnonzero(self._weights(data.packed))
        return data.only(kept, reason=f"no {self.settings.learns_from.removesuffix('s')} in their judgments")

    def _weight(self, comparison: TokenizedComparison) -> float:
        said: Sequence[Any] = getattr(comparison, self.settings.learns_from)
        if self.settings.loss == REGRESSION and not any(self._part(rating.attribute) for rating in said):
            return 0.0
        return sum(each.weight for each in said)

    def _weights(self, comparisons: PackedComparisons) -> NDArray[np.float64]:
        """The weight of each, shape (C,), read from columns: millions of them are not built for it."""
        table = self.settings.learns_from
        weights = comparisons.sums(table, comparisons.column(table, "weight"))
        if self.settings.loss == REGRESSION:
            parts = np.array([self._part(attribute) for attribute in comparisons.attributes])
            weights[comparisons.sums(table, parts[comparisons.column(table, "attribute")]) == 0] = 0.0
        return weights

    def _log_tie_parameter(self) -> Tensor:
        assert self.tie is not None  # noqa: S101 - only losses with ties ask
        return self.tie if self.settings.loss == DAVIDSON else nn.functional.softplus(self.tie)

    def _cost_of_pairs(self, rewards: Tensor, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        pair = pair_batch(comparisons).to(rewards.device)
        better, worse = rewards[pair.better], rewards[pair.worse]
        target = smoothed(pair.target, self.settings.label_smoothing)
        if self.settings.loss == BRADLEY_TERRY:
            nats = pair_nats(better, worse, margin=pair.margin, target=target)
        elif self.settings.loss == SCALED_BRADLEY_TERRY:
            nats = scaled_pair_nats(better, worse, strength=pair.margin, target=target)
        else:
            lead = lead_nats(better, worse, margin=pair.margin)
            model = davidson_log_probabilities if self.settings.loss == DAVIDSON else rao_kupper_log_probabilities
            nats = outcome_nats(model(lead, self._log_tie_parameter()), target)
        return (nats * pair.weight).sum()

    def _cost_of_orders(self, rewards: Tensor, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        stages = [
            replace(stage, members=tuple(start + member for member in stage.members))
            for start, comparison in _with_starts(comparisons)
            for order in comparison.orders
            for stage in stages_of(order.groups, order.below, weight=order.weight)
        ]
        batch = stage_batch(stages).to(rewards.device)
        return (plackett_luce_nats(rewards, batch) * batch.weight).sum()

    def _attributes_with_heads(self) -> tuple[RatedAttribute, ...]:
        if unrated := [name for name in self.attribute_shares if name not in self.rating_scales]:
            rated = ", ".join(self.rating_scales) or "none"
            raise InvalidConfig(
                f"attributes names {unrated[0]!r}, of which the train split holds no rating, so that its head would "
                f"learn nothing. Rated are: {rated}."
            )
        return tuple(
            RatedAttribute(name, share, self.rating_scales[name].mean, self.rating_scales[name].std)
            for name, share in self.attribute_shares.items()
        )

    def _cost_of_ratings(self, said: Tensor, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """Args: said: rewards, shape (B,), or what each attribute head says, shape (B, A)."""
        texts, columns, values, weights = [], [], [], []
        for start, comparison in _with_starts(comparisons):
            parts = [rating.weight * self._part(rating.attribute) for rating in comparison.ratings]
            scale = self._weight(comparison) / (sum(parts) or 1.0)
            for rating, part in zip(comparison.ratings, parts, strict=True):
                if part:
                    is_turned = not self.attributes and self.attribute_shares[rating.attribute] < 0
                    value = self.rating_scales[rating.attribute].standardized(rating.value)
                    texts.append(start + rating.text)
                    columns.append(self._columns.get(rating.attribute, 0))
                    values.append(-value if is_turned else value)
                    weights.append(part * scale)
        rows, heads = (sent(torch.tensor(places, dtype=torch.int64), said.device) for places in (texts, columns))
        predicted = said[rows, heads] if self.attributes else said[rows]
        return (squared_errors(predicted, _numbers(values, said)) * _numbers(weights, said)).sum()

    def _part(self, attribute: str) -> float:
        """How much a rating of it counts beside others of its comparison, 0 to 1: all alike where attributes have
        heads, whatever these make of the reward, else by how much of it each makes. 0 for what training never saw."""
        if attribute not in self.rating_scales:
            return 0.0
        if self.attributes:
            return float(attribute in self._columns)
        return abs(self.attribute_shares.get(attribute, 0.0))


def tie_share(comparisons: PackedComparisons) -> float:
    """The part of all pairs, by weight, that are ties, held between 0.01 and 0.9; one third where there is no pair."""
    weight = comparisons.column("pairs", "weight")
    if not (total := weight.sum()):
        return TIE_SHARE_UNKNOWN
    least, most = TIE_SHARES
    return min(most, max(least, float(weight[comparisons.column("pairs", "target") == TIE].sum() / total)))


def ratings_of(comparisons: PackedComparisons) -> dict[str, NDArray[np.float64]]:
    """The values of each attribute that is rated, shape (N,)."""
    attribute, value = comparisons.column("ratings", "attribute"), comparisons.column("ratings", "value")
    return {comparisons.attributes[number]: value[attribute == number] for number in np.unique(attribute)}


def pair_batch(comparisons: Sequence[TokenizedComparison]) -> PairBatch:
    """The pairs of these comparisons, their indices shifted to where each comparison's texts stand in the batch."""
    better, worse, margin, target, weight = [], [], [], [], []
    for start, comparison in _with_starts(comparisons):
        for pair in comparison.pairs:
            better.append(start + pair.better)
            worse.append(start + pair.worse)
            margin.append(pair.margin)
            target.append(pair.target)
            weight.append(pair.weight)
    return PairBatch(
        torch.tensor(better, dtype=torch.int64),
        torch.tensor(worse, dtype=torch.int64),
        torch.tensor(margin, dtype=torch.float32),
        torch.tensor(target, dtype=torch.float32),
        torch.tensor(weight, dtype=torch.float32),
    )


def _with_starts(comparisons: Sequence[TokenizedComparison]) -> Iterator[tuple[int, TokenizedComparison]]:
    """Each comparison with the place of its first text in the batch."""
    start = 0
    for comparison in comparisons:
        yield start, comparison
        start += len(comparison.texts)


def _numbers(values: Sequence[float], like: Tensor) -> Tensor:
    return sent(torch.tensor(values, dtype=torch.float32), like.device)
