"""All texts of a pass in one row: "packed" encodes each text whole, "shared" common beginnings once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from rewardmodel.core.config.compute import SHARED
from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.model import POOLED, RewardNetwork, inputs_of
from rewardmodel.core.routes.segments import Plan, Row, as_row, one_by_one, sharing_beginnings


@dataclass(frozen=True)
class SegmentedRoute:
    """One row a pass. The model must have been set to attend by segments (see `choose.choose_route`).

    Args:
        name: "packed" or "shared".
        reason: why this route was chosen.
    """

    name: str
    reason: str = ""

    def text_features(self, network: RewardNetwork, texts: Sequence[EncodedText]) -> Tensor:
        """What the head reads of each text, shape (B, d), float32, in the order given."""
        reads_first, position = network.reads_at == POOLED, first_position(network)
        row = as_row(texts, self._plan(texts), network.device, reads_first=reads_first, first_position=position)
        hidden = hidden_states(network, row)
        return pooled(network, hidden) if reads_first else hidden.float()

    def features(self, network: RewardNetwork, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """What the head reads of every text, one comparison after the other, shape (B, d), float32."""
        return self.text_features(network, [text for comparison in comparisons for text in comparison.texts])

    def rewards(self, network: RewardNetwork, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """The reward of every text, one comparison after the other, shape (B,), float32."""
        return network.read(self.features(network, comparisons))[:, 0]

    def cost(self, texts: Sequence[EncodedText]) -> int:
        """Tokens of the row."""
        return self._plan(texts).tokens

    def passes(self, comparisons: Sequence[TokenizedComparison], *, tokens: int) -> list[list[TokenizedComparison]]:
        """Cut one step into rows of at most `tokens`; a comparison is never divided.

        A comparison above the limit gets a row of its own. The longest go first: running out of memory shows early.
        """
        rows: list[list[TokenizedComparison]] = []
        room: list[int] = []
        costs = [(self.cost(comparison.texts), comparison) for comparison in comparisons]
        for cost, comparison in sorted(costs, key=lambda item: -item[0]):
            place = next((index for index, left in enumerate(room) if cost <= left), None)
            if place is None:
                rows.append([comparison])
                room.append(tokens - cost)
            else:
                rows[place].append(comparison)
                room[place] -= cost
        return rows

    def _plan(self, texts: Sequence[EncodedText]) -> Plan:
        return sharing_beginnings(texts) if self.name == SHARED else one_by_one(texts)


def hidden_states(network: RewardNetwork, row: Row) -> Tensor:
    """The last hidden state of each text of a row where the head reads it, shape (B, d)."""
    more: dict[str, object] = {} if row.token_type_ids is None else {"token_type_ids": row.token_type_ids}
    if network.reads_at != POOLED:
        more["use_cache"] = False
    mask = torch.ones(1, 1, 1, 1, dtype=torch.bool, device=network.device)  # four dimensions: taken for made already
    output: Any = network.model.base_model(
        input_ids=row.input_ids, position_ids=row.position_ids, attention_mask=mask, segments=row.attending, **more
    )
    hidden: Tensor = output.last_hidden_state[0]
    read = row.attending.read
    is_read_already = network.reads_at == POOLED and len(hidden) == len(read)  # see last_layer
    return hidden if is_read_already else hidden[read]


def pooled(network: RewardNetwork, first: Tensor) -> Tensor:
    """What an encoder's head reads, given the hidden states of first tokens, shape (B, d); float32.

    BERT has a pooler below and a linear layer above; RoBERTa a classification module that holds the linear layer.
    """
    model: Any = network.model
    if pooler := pooler_of(model):
        dropout = getattr(model, "dropout", None)
        output: Tensor = pooler(first[:, None])
        return (dropout(output) if isinstance(dropout, nn.Module) else output).float()
    return inputs_of(network.head, lambda: model.classifier(first[:, None])).float()


def pooler_of(model: nn.Module) -> nn.Module | None:
    pooler = getattr(model.base_model, "pooler", None)
    return pooler if isinstance(pooler, nn.Module) else None


def first_position(network: RewardNetwork) -> int:
    """Position of a text's first token: RoBERTa and its kin count from one above their padding index."""
    table = getattr(getattr(network.model.base_model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    return 0 if padding is None else padding + 1
