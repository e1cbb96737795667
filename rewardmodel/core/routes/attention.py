"""Attention among the segments of a row: no padding, no mask of the whole row.

`SEGMENTED` is an attention implementation of transformers' AttentionInterface. A model that is set to it computes as
with "sdpa", until it is called with `segments=`: then each segment of its one row attends as `Attending` says.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.attention.varlen import varlen_attn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import AttentionMaskInterface, sdpa_mask

from rewardmodel.core.routes.last_layer import compute_where_read
from rewardmodel.core.routes.segments import Attending

SEGMENTED = "segmented_sdpa"
CAUSAL, BIDIRECTIONAL = (-1, 0), (-1, -1)
NOT_COMPUTED = ("softcap", "s_aux", "position_bias")
HALF = (torch.bfloat16, torch.float16)


class NotSegmented(Exception):
    """A model asks its attention for something that is not computed among segments. The message says what."""


def attend_by_segments(model: PreTrainedModel) -> None:
    """From now on the model takes `segments=`. Whatever it is called with without them, it computes as before.

    Raises: NotSegmented if the model does not compute its attention through transformers' interface, by "sdpa".
    """
    current = model.config._attn_implementation
    if current == SEGMENTED:
        return
    if current != "sdpa" or not model._can_set_attn_implementation():
        raise NotSegmented(f"{type(model).__name__} computes its attention by {current!r}, in a way of its own")
    model.set_attn_implementation(SEGMENTED)
    compute_where_read(model)


def segmented_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    segments: Attending | None = None,
    dropout: float = 0.0,
    scaling: float | None = None,
    **others: Any,
) -> tuple[Tensor, None]:
    """What transformers calls for each layer: query (1, h, T, d), key and value (1, g, T, d), g dividing h.

    Returns: shape (1, T, h, d).
    Raises: NotSegmented for soft caps, sinks, biases, and sliding windows shorter than the longest text.
    """
    if segments is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **others
        )
    return _among(module, query, key, value, segments, dropout=dropout, scaling=scaling, **others), None


@torch.compiler.disable  # segments are others in every pass: a compiled loop over them would be compiled each time
def _among(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    segments: Attending,
    *,
    dropout: float,
    scaling: float | None,
    **others: Any,
) -> Tensor:
    for name in NOT_COMPUTED:
        if others.get(name) is not None:
            raise NotSegmented(f"its attention has {name!r}")
    window = others.get("sliding_window")
    if window is not None and window < segments.most_keys:
        raise NotSegmented(f"its attention sees {window} tokens, and a text has {segments.most_keys}")
    is_causal = bool(getattr(module, "is_causal", True))
    if segments.gathered is not None and not is_causal:
        raise NotSegmented("its tokens see those that come after them")
    dtype = compute_dtype(query)
    if query.is_cuda and dtype in HALF and not dropout:
        halves = query.to(dtype), key.to(dtype), value.to(dtype)
        return by_varlen(*halves, segments, is_causal=is_causal, scaling=scaling)
    return by_loop(module, query, key, value, segments, is_causal=is_causal, dropout=dropout, scaling=scaling)


def compute_dtype(tensor: Tensor) -> torch.dtype:
    """What attention is computed in: autocast's dtype where it is on, else the tensor's own."""
    kind = tensor.device.type
    return torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else tensor.dtype


def by_loop(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    segments: Attending,
    *,
    is_causal: bool,
    dropout: float = 0.0,
    scaling: float | None = None,
) -> Tensor:
    """One call of scaled_dot_product_attention for each segment: the way on a CPU, and in float32.

    A row is taken apart by one split for each tensor: slicing it S times would make its gradient S times.
    """
    lengths = segments.lengths
    keys, values = key.split(lengths, dim=2), value.split(lengths, dim=2)
    outputs = []
    for index, (queries, before) in enumerate(zip(query.split(lengths, dim=2), segments.before, strict=True)):
        chain = (*before, index)
        read = torch.cat([keys[part] for part in chain], dim=2) if before else keys[index]
        values_read = torch.cat([values[part] for part in chain], dim=2) if before else values[index]
        mask = segments.mask(queries.shape[2], read.shape[2]) if before and queries.shape[2] > 1 else None
        output, _ = sdpa_attention_forward(
            module, queries, read, values_read, mask, dropout=dropout, scaling=scaling, is_causal=is_causal
        )
        outputs.append(output)
    return torch.cat(outputs, dim=1)


def by_varlen(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    segments: Attending,
    *,
    is_causal: bool,
    scaling: float | None = None,
    kernel: Callable[..., Any] = varlen_attn,
) -> Tensor:
    """All segments in one call of a flash kernel: CUDA, bfloat16 or float16, no dropout.

    The keys that a segment reads are gathered one after the other, so that its queries are the last of its keys, which
    is how the kernel understands causal attention with fewer queries than keys.

    Args:
        kernel: takes query (T, h, d), key and value (U, g, d), where sequences start, and their greatest lengths.
    """
    queries, keys, values = (part[0].transpose(0, 1) for part in (query, key, value))
    if segments.gathered is not None:
        keys, values = keys.index_select(0, segments.gathered), values.index_select(0, segments.gathered)
    output: Tensor = kernel(
        queries,
        keys,
        values,
        cu_seq_q=segments.starts_of_queries,
        cu_seq_k=segments.starts_of_keys,
        max_q=segments.most_queries,
        max_k=segments.most_keys,
        scale=scaling,
        window_size=CAUSAL if is_causal else BIDIRECTIONAL,
        enable_gqa=queries.shape[1] != keys.shape[1],
    )
    return output[None]


AttentionInterface.register(SEGMENTED, segmented_attention)
AttentionMaskInterface.register(SEGMENTED, sdpa_mask)
