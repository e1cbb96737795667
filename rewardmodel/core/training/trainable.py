"""What of a network learns: everything, its upper layers, adapters beside a frozen backbone, or its head alone."""

import torch
from transformers import PreTrainedModel

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.hardware import dtype_of
from rewardmodel.core.model import RewardNetwork, freeze_lower_layers
from rewardmodel.core.training.adapters import add_adapters, backbone_matrices
from rewardmodel.core.training.quantization import quantize

HEAD_ALONE = "all"


def make_trainable(network: RewardNetwork, config: TrainConfig, device: torch.device) -> None:
    """Freeze, quantize and adapt the network in place as the config says, and put it where it will be trained.

    Adapters are drawn from the seed.

    Raises: InvalidConfig for a package that is missing, or layers and names that the model does not have.
    """
    model = network.model
    if config.quantization != "none":
        if device.type != "cuda":
            raise InvalidConfig(
                f'quantization "{config.quantization}" needs a CUDA device. Set it to "none" to train on the CPU.'
            )
        quantize(model, backbone_matrices(model), compute_dtype=dtype_of(config.precision, device))
    if config.frozen_layers == HEAD_ALONE:
        model.requires_grad_(False)
        network.heads.requires_grad_(True)
        network.head.requires_grad_(True)
    elif config.lora_rank is not None:
        adapt(model, config)
    else:
        freeze_lower_layers(model, int(config.frozen_layers))
    model.to(device)  # type: ignore[arg-type]
    network.heads.to(device)


def adapt(model: PreTrainedModel, config: TrainConfig) -> None:
    """Put adapters into the model, drawn from the seed, if the config asks for any."""
    if config.lora_rank is not None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            add_adapters(model, config, frozen_layers=int(config.frozen_layers))


def recompute_activations(network: RewardNetwork) -> None:
    """Keep only what each layer is given, and compute the rest again in the backward pass: same gradient, less memory.

    Raises: InvalidConfig for a model that cannot.
    Source: Chen et al. 2016, arXiv:1604.06174.
    """
    try:
        network.model.activation_checkpointing_enable({"use_reentrant": False})
    except ValueError:
        raise InvalidConfig(
            f"gradient_checkpointing is not possible with {type(network.model).__name__}. Set it to false."
        ) from None
