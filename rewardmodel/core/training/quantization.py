"""A frozen backbone in four bits: NF4 with quantized constants, computed in the precision of its input.

Source: Dettmers et al. 2023, arXiv:2305.14314; the package bitsandbytes.
"""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedModel

from rewardmodel.core.errors import InvalidConfig


def quantize(model: PreTrainedModel, names: list[str], *, compute_dtype: torch.dtype) -> None:
    """Hold these linear layers in four bits from now on, in place. They cannot learn any more; adapters can.

    Args:
        model: on the CPU, in float32. Layers become four bits wide when the model is moved to its device.
        names: of linear layers.
        compute_dtype: in what they are multiplied.

    Raises: InvalidConfig if bitsandbytes is not installed.
    """
    library = _bitsandbytes()
    for name in names:
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)  # noqa: S101  they are chosen by their class
        quantized = library.nn.Linear4bit(
            layer.in_features,
            layer.out_features,
            bias=layer.bias is not None,
            compute_dtype=compute_dtype,
            quant_type="nf4",
            compress_statistics=True,
        )
        quantized.weight = library.nn.Params4bit(
            layer.weight.data, requires_grad=False, quant_type="nf4", compress_statistics=True
        )
        if layer.bias is not None:
            quantized.bias = nn.Parameter(layer.bias.data, requires_grad=False)
        model.set_submodule(name, quantized)


def dequantized(layer: nn.Linear) -> nn.Linear:
    """The layer as a plain linear one in float32; one that is plain already, as it is."""
    state = getattr(layer.weight, "quant_state", None)
    if state is None:
        return layer
    weight = _bitsandbytes().functional.dequantize_4bit(layer.weight.data, state).float()
    plain = nn.Linear(weight.shape[1], weight.shape[0], bias=layer.bias is not None, device=weight.device)
    plain.weight.data = weight
    if layer.bias is not None:
        plain.bias.data = layer.bias.data.float()
    return plain


def _bitsandbytes() -> Any:
    try:
        import bitsandbytes
    except ImportError:
        raise InvalidConfig(
            'quantization "4bit" needs the package bitsandbytes, which is not installed. Install it, or set '
            'quantization to "none".'
        ) from None
    return bitsandbytes
