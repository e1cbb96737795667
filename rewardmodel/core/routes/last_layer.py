"""The last layer, computed only where the head reads.

What the last layer makes of a token that nobody reads is read by nobody: its keys and values are needed, what follows
the attention is not. That is most of one layer in every model, a tenth of the work in a model of six.
"""

from typing import Any

from torch import Tensor, nn
from transformers import PreTrainedModel

Given = tuple[Any, ...]


def compute_where_read(model: PreTrainedModel) -> None:
    """From now on, when the model is called with `segments=`, its last layer leaves tokens out that nobody reads.

    BERT and its kin then give the tokens that are read, in the order of `segments.read`. Decoders with a module `mlp`
    give all tokens, those that are not read without what the last `mlp` would add to them. Others stay as they are.
    """
    layers = [part for part in model.base_model.modules() if isinstance(part, nn.ModuleList) and len(part)]
    if not layers:
        return
    layer = max(layers, key=len)[-1]
    mlp = getattr(layer, "mlp", None)
    after_attention = getattr(getattr(layer, "attention", None), "output", None)
    if isinstance(after_attention, nn.Module) and hasattr(layer, "intermediate"):
        part = _Part(layer)
        after_attention.register_forward_pre_hook(part.only_read)
    elif isinstance(mlp, nn.Module):
        part = _Part(layer)
        mlp.register_forward_pre_hook(part.only_read)
        mlp.register_forward_hook(part.in_place)


class _Part:
    """A part of a layer that is given only the tokens that are read."""

    def __init__(self, layer: nn.Module) -> None:
        self.read: Tensor | None = None
        self.tokens = 0
        layer.register_forward_pre_hook(self.remember, with_kwargs=True)

    def remember(self, _: nn.Module, __: Given, named: dict[str, Any]) -> None:
        segments = named.get("segments")
        self.read = None if segments is None else segments.read

    def only_read(self, _: nn.Module, given: Given) -> Given | None:
        """Each of the tensors that the part is given, shape (1, T, d), becomes (1, B, d)."""
        if self.read is None:
            return None
        self.tokens = given[0].shape[1]
        read = self.read
        return tuple(one.index_select(1, read) if isinstance(one, Tensor) else one for one in given)

    def in_place(self, _: nn.Module, __: Given, output: Tensor) -> Tensor | None:
        """The output for B tokens, put where they stand among T; zero elsewhere."""
        if self.read is None:
            return None
        whole = output.new_zeros(1, self.tokens, output.shape[-1])
        return whole.index_copy(1, self.read, output)
