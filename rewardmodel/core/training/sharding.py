"""A backbone of which each process keeps a part: weights, gradients and moments divided, gathered layer by layer.

PyTorch's fully sharded data parallel. What is saved is gathered first, so that a checkpoint does not show by how many
processes it was written. The reward head, and what else lies outside the backbone, every process keeps whole.
Source: Zhao et al. 2023, arXiv:2304.11277; Rajbhandari et al. 2020, arXiv:1910.02054, stage 3.
"""

import os
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import PreTrainedModel

from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.model import transformer_layers
from rewardmodel.core.training.parallel import Processes


def is_wanted(sharding: str, processes: Processes) -> bool:
    """Whether weights should be divided: "full" asks for it, and so does `accelerate launch` with FSDP for "auto"."""
    asked = sharding == "full" or (sharding == "auto" and os.environ.get("ACCELERATE_USE_FSDP", "").lower() == "true")
    return asked and processes.count > 1


def shard(model: PreTrainedModel, processes: Processes) -> None:
    """Divide the backbone over all processes, in place; gradients will be sums over processes, not means.

    Raises: InvalidConfig if it is held in four bits, which cannot be gathered again.
    """
    if any(weight.dtype == torch.uint8 for weight in model.parameters()):
        raise InvalidConfig(
            'quantization must be "none" where weights are divided, as the launcher asks. Launch with '
            "rewardmodel/core/launch/ddp.yaml, or do without it."
        )
    mesh = init_device_mesh(processes.device.type, (processes.count,))
    for part in (*transformer_layers(model), model.base_model):
        # after each forward pass too: what is left gathered after validation would be saved as if it were divided
        fully_shard(part, mesh=mesh, reshard_after_forward=True)
    for part in model.modules():
        if isinstance(part, FSDPModule):
            part.set_force_sum_reduction_for_comms(True)
            part.set_gradient_divide_factor(1.0)


def is_sharded(module: nn.Module) -> bool:
    return any(isinstance(weight, DTensor) for weight in module.parameters())


def whole(value: Tensor) -> Tensor:
    """The whole tensor of which this process may have a part. All processes have to ask for it together."""
    return value.full_tensor() if isinstance(value, DTensor) else value


def part_like(value: Tensor, like: Tensor) -> Tensor:
    """This process's part of a whole tensor, divided as another one is; the whole where that one is whole."""
    value = value.to(like.device)
    if isinstance(like, DTensor):
        return distribute_tensor(value, like.device_mesh, like.placements, src_data_rank=None)
    return value


def divided_like(part: Tensor, like: Tensor) -> Tensor:
    """The divided tensor of which this process holds `part`, divided as another one is; `part` if that is whole."""
    if isinstance(like, DTensor):
        return DTensor.from_local(
            part.to(like.device), like.device_mesh, like.placements, shape=like.shape, stride=like.stride()
        )
    return part


def local(value: Tensor) -> Tensor:
    """What of a tensor lies in this process."""
    return value.to_local() if isinstance(value, DTensor) else value


def gathered_model(model: PreTrainedModel, adapt: Callable[[PreTrainedModel], None], *, keep: bool) -> PreTrainedModel:
    """A plain model on the CPU with the weights of a divided one. All processes have to ask for it together.

    Args:
        adapt: puts into a plain model what was put into the divided one, adapters for example.
        keep: False where this process only gives its parts; the model it gets is the divided one.
    """
    weights: dict[str, Tensor] = {}
    for name, value in model.state_dict().items():
        gathered = whole(value)
        if keep:
            weights[name] = gathered.to("cpu", copy=True)
    if not keep:
        return model
    plain = type(model)(model.config)
    adapt(plain)
    plain.load_state_dict(weights)
    return plain


def gradient_norm(weights: list[nn.Parameter]) -> Tensor:
    """Length (L2) of all gradients together, shape (), the same in every process."""
    gradients = [weight.grad for weight in weights if weight.grad is not None]
    divided = [gradient for gradient in gradients if isinstance(gradient, DTensor)]
    if not divided:
        return torch.nn.utils.get_total_norm(gradients)
    kept = [gradient for gradient in gradients if not isinstance(gradient, DTensor)]
    lengths = [whole(torch.nn.utils.get_total_norm(divided))]
    if kept:
        lengths.append(torch.nn.utils.get_total_norm(kept))
    return torch.stack(lengths).norm()


def shorten_gradients(weights: list[nn.Parameter], *, norm: Tensor, longest: float) -> None:
    """Scale all gradients, whose length together is `norm`, down to `longest`; shorter ones stay as they are."""
    factor = (longest / (norm + 1e-6)).clamp(max=1.0)
    torch._foreach_mul_([local(weight.grad) for weight in weights if weight.grad is not None], factor)
