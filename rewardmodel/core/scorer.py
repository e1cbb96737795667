"""Rewards for texts: the same reward in any batch, whatever stands beside it."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from rewardmodel.core.checkpoint import LoadedModel, ModelCard, load_model
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.texts import Prompt
from rewardmodel.core.hardware import SCORED_TOKENS_PER_BATCH, choose_device
from rewardmodel.core.routes.scoring import scoring_route

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class ScoreItem:
    """A response to be scored and the prompt it answers, as text or as chat messages."""

    prompt: Prompt
    response: str


@dataclass(frozen=True)
class Reward:
    """What a reward model says about one response.

    Args:
        reward: in nats; only differences between answers to one prompt mean something.
        reward_normalized: shifted and scaled by the model's reference set.
        uncertainty: standard deviation between the members of an ensemble, in nats; None for a single model.
        members: what each member says, on the scale of all, in nats; None for a single model.
        attributes: what people would rate it, by attribute and in the unit of its ratings; None for a model without a
            head for each attribute.
    """

    reward: float
    reward_normalized: float
    uncertainty: float | None = None
    members: tuple[float, ...] | None = None
    attributes: Mapping[str, float] | None = None


class RewardScorer:
    """A loaded, verified reward model. Safe to use from several threads; they take turns.

    Args:
        model: networks, card and digest.
        tokens_per_batch: tokens that one forward pass computes; by default what suits the device.
    """

    def __init__(self, model: LoadedModel, *, tokens_per_batch: int | None = None) -> None:
        self._model = model
        self.tokens_per_batch = tokens_per_batch or SCORED_TOKENS_PER_BATCH[model.network.device.type]
        self._routes = [scoring_route(network) for network in model.networks]
        self._turn = threading.Lock()

    @classmethod
    def load(
        cls,
        directory: Path | str,
        *,
        device: str = "auto",
        dtype: torch.dtype = torch.float32,
        tokens_per_batch: int | None = None,
    ) -> "RewardScorer":
        """Load a model directory and check that it reproduces its golden rewards.

        Raises: BrokenModel if it does not.
        """
        return cls(load_model(directory, device=choose_device(device), dtype=dtype), tokens_per_batch=tokens_per_batch)

    @property
    def card(self) -> ModelCard:
        return self._model.card

    @property
    def digest(self) -> str:
        return self._model.digest

    @property
    def route(self) -> str:
        """How texts go through the model: "padded", "packed" or "shared"."""
        return self._routes[0].name

    def cost(self, texts: Sequence[EncodedText]) -> int:
        """Tokens that one forward pass over these texts computes: padding counts, what texts share counts once."""
        return self._routes[0].cost(texts)

    @property
    def precision(self) -> str:
        """In what the backbone computes: "fp32", "bf16", or torch's name of another; the head is always in fp32."""
        dtype = self._model.network.model.dtype
        named = {known: name for name, known in PRECISIONS.items()}
        return named.get(dtype, str(dtype).removeprefix("torch."))

    @property
    def template_digest(self) -> str:
        return self._model.network.template.digest

    def score(self, items: Sequence[ScoreItem]) -> list[Reward]:
        """The reward of each item, in the order given; [] for none."""
        return self.score_encoded(self.encode(items))

    def encode(self, items: Sequence[ScoreItem]) -> list[EncodedText]:
        """What the model reads of each item. Takes no turn: several threads encode while one computes.

        Raises: RefusedConversation if the model's chat template refuses one.
        """
        return self._model.network.template.encode([(item.prompt, item.response) for item in items])

    def refuses(self, items: Sequence[ScoreItem]) -> bool:
        """Whether one of these conversations is none to the model's chat template."""
        return self._model.network.template.refuses([(item.prompt, item.response) for item in items])

    def score_encoded(self, texts: Sequence[EncodedText]) -> list[Reward]:
        """The reward of each encoded item, in the order given."""
        mean, std = self.card.reward_mean, self.card.reward_std
        with self._turn:
            said = self._model.opinions(texts, tokens_per_batch=self.tokens_per_batch, routes=self._routes)
        values = said.reward.tolist()
        normalized = [(value - mean) / std for value in values]
        if said.uncertainty is None:
            attributes: Sequence[Mapping[str, float] | None] = self._model.by_attribute(said) or [None] * len(values)
            return [
                Reward(value, in_spreads, attributes=named)
                for value, in_spreads, named in zip(values, normalized, attributes, strict=True)
            ]
        members = map(tuple, said.members.tolist())
        return [
            Reward(*figures) for figures in zip(values, normalized, said.uncertainty.tolist(), members, strict=True)
        ]
