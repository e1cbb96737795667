"""Which comparisons share an optimizer step, and which texts share a forward pass.

An optimizer step is a set of whole comparisons, a function of the seed and the epoch alone, so that a run can go on
from (epoch, position). How a step is cut into forward passes changes memory and speed, never the gradient.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.hardware import sent

STEPS_SORTED_TOGETHER = 8


@dataclass(frozen=True)
class TextBatch:
    """Texts padded on the right to the longest.

    Args:
        input_ids, attention_mask: shape (B, T), int64.
        token_type_ids: shape (B, T), or None where the model knows no types.
    """

    input_ids: Tensor
    attention_mask: Tensor
    token_type_ids: Tensor | None

    def to(self, device: torch.device) -> "TextBatch":
        types = None if self.token_type_ids is None else sent(self.token_type_ids, device)
        return TextBatch(sent(self.input_ids, device), sent(self.attention_mask, device), types)


def epoch_steps(lengths: Sequence[int], *, comparisons_per_step: int, seed: int, epoch: int) -> list[tuple[int, ...]]:
    """The optimizer steps of one epoch: every comparison once, neighbours in length together.

    Comparisons are shuffled, sorted by length within windows of a few steps, cut into steps, and the steps shuffled:
    nearly as random as a plain shuffle, with little padding.

    Args:
        lengths: the longest text of each comparison, in tokens.
        comparisons_per_step: size of each step; the last one of the epoch may be smaller.
        seed, epoch: draw the order; equal arguments give equal steps.
    """
    draw = random.Random(f"{seed}/{epoch}")  # noqa: S311  an order, not a secret
    order = list(range(len(lengths)))
    draw.shuffle(order)
    window = comparisons_per_step * STEPS_SORTED_TOGETHER
    steps: list[tuple[int, ...]] = []
    for start in range(0, len(order), window):
        part = sorted(order[start : start + window], key=lambda index: lengths[index])
        steps.extend(tuple(part[at : at + comparisons_per_step]) for at in range(0, len(part), comparisons_per_step))
    draw.shuffle(steps)
    return steps


def text_batches(lengths: Sequence[int], *, tokens: int) -> list[list[int]]:
    """Indices of texts that are scored together: sorted by length, at most `tokens` padded tokens a batch.

    Args: lengths: of the texts, in tokens.
    """
    batches: list[list[int]] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        if batches and (len(batches[-1]) + 1) * longest <= tokens:
            batches[-1].append(index)
        else:
            batches.append([index])
            longest = lengths[index]
    return batches


def pad(texts: Sequence[EncodedText], *, pad_token_id: int) -> TextBatch:
    """Stack texts, padded on the right; the attention mask alone says what is padding."""
    length = max(len(text.token_ids) for text in texts)
    input_ids = torch.full((len(texts), length), pad_token_id, dtype=torch.int64)
    attention_mask = torch.zeros((len(texts), length), dtype=torch.int64)
    has_types = texts[0].token_types is not None
    token_type_ids = torch.zeros((len(texts), length), dtype=torch.int64) if has_types else None
    for row, text in enumerate(texts):
        end = len(text.token_ids)
        input_ids[row, :end] = torch.tensor(text.token_ids, dtype=torch.int64)
        attention_mask[row, :end] = 1
        if token_type_ids is not None and text.token_types is not None:
            token_type_ids[row, :end] = torch.tensor(text.token_types, dtype=torch.int64)
    return TextBatch(input_ids, attention_mask, token_type_ids)
