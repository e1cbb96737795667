"""A backbone that does not learn: what its head reads of each text is computed once and kept."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from rewardmodel.core.data.batches import TextBatch, pad, text_batches
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.hardware import computing_in
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.training.parallel import Processes


@dataclass(frozen=True)
class FrozenNetwork(RewardNetwork):
    """A network whose features are looked up; those of a text that it does not know are computed anew.

    Args:
        known: features, shape (N, d), float32.
        rows: where in `known` a text stands, by its tokens.
    """

    known: Tensor = field(default_factory=lambda: torch.zeros(0))
    rows: dict[bytes, int] = field(default_factory=dict)

    def features(self, batch: TextBatch) -> Tensor:
        """What the head reads of each text, shape (B, d), float32."""
        places = [self.rows.get(key, -1) for key in keys_of(batch)]
        features = self.known[torch.tensor(places, device=self.known.device)]
        strange = [row for row, place in enumerate(places) if place < 0]
        if strange:
            types = None if batch.token_type_ids is None else batch.token_type_ids[strange]
            part = TextBatch(batch.input_ids[strange], batch.attention_mask[strange], types)
            features[strange] = super().features(part)
        return features


def with_known_features(
    network: RewardNetwork,
    texts: Iterable[EncodedText],
    *,
    precision: str,
    tokens_per_batch: int,
    processes: Processes,
    directory: RunDirectory,
) -> FrozenNetwork:
    """The same network with the features of these texts. Each process computes its part of them; all end with all.

    Raises: Stopped when one of the processes is asked to; nothing of it is kept.
    """
    network.model.eval()
    pad_token_id = int(network.model.config.pad_token_id)
    has_types = {key_of(text): text.token_types is not None for text in texts}  # a text is read back from its key
    distinct = list(has_types)
    lengths = [len(key) // (8 if typed else 4) for key, typed in has_types.items()]
    known = torch.zeros(len(distinct), network.head.in_features, device=network.device)
    with torch.no_grad(), computing_in(precision, network.device):
        for places in text_batches(lengths, tokens=tokens_per_batch)[processes.rank :: processes.count]:
            part = [text_of(distinct[place], has_types=has_types[distinct[place]]) for place in places]
            batch = pad(part, pad_token_id=pad_token_id)
            known[places] = network.features(batch.to(network.device))
            if directory.should_stop:
                break
    if any(processes.most([directory.should_stop])):
        raise Stopped
    return FrozenNetwork(
        network.model,
        network.template,
        network.reads_at,
        network.heads,
        known=processes.total(known),
        rows={key: row for row, key in enumerate(distinct)},
    )


def key_of(text: EncodedText) -> bytes:
    """What tells one text from another: its tokens and their types."""
    columns = [text.token_ids] if text.token_types is None else [text.token_ids, text.token_types]
    return np.array(columns, dtype=np.int32).tobytes()


def text_of(key: bytes, *, has_types: bool) -> EncodedText:
    """The text of a key: a tenth of the memory that its tokens take as Python's integers."""
    columns = np.frombuffer(key, dtype=np.int32).reshape(1 + has_types, -1).tolist()
    return EncodedText(tuple(columns[0]), tuple(columns[1]) if has_types else None, is_truncated=False)


def keys_of(batch: TextBatch) -> list[bytes]:
    """The key of each text in a batch, padding left out."""
    lengths = batch.attention_mask.sum(dim=1).tolist()
    columns = [batch.input_ids] if batch.token_type_ids is None else [batch.input_ids, batch.token_type_ids]
    tokens = torch.stack(columns, dim=1).to("cpu", torch.int32).numpy()
    return [row[:, :length].tobytes() for row, length in zip(tokens, lengths, strict=True)]
