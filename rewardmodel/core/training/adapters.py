"""Low-rank adapters beside a frozen backbone: what is trained instead of its matrices, and merged into them at the end.

The adapters are put into the model in place, so that it stays the class that transformers knows, and are added to its
matrices before it is saved: what lies on disk is a plain model.
Source: Hu et al. 2021, arXiv:2106.09685; the package peft.
"""

from torch import nn
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from rewardmodel.core.config.adapters import ALL_LINEAR, AdapterSettings
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.model import transformer_layers
from rewardmodel.core.training.quantization import dequantized


def add_adapters(model: PreTrainedModel, settings: AdapterSettings, *, frozen_layers: int = 0) -> None:
    """Freeze the backbone and put an adapter beside each chosen matrix, its output 0 at first.

    What lies outside the backbone (the reward head, and a layer before it that pretraining never saw) and an encoder's
    pooler stay trainable themselves. Adapters are drawn from torch's random numbers as they stand.

    Args:
        frozen_layers: lowest layers that get no adapter.

    Raises: InvalidConfig if peft is not installed, or no matrix has one of the names.
    """
    try:
        from peft import LoraConfig, inject_adapter_in_model
    except ImportError:
        raise InvalidConfig(
            "lora_rank needs the package peft, which is not installed. Install it, or set lora_rank to null."
        ) from None
    targets = _targets(model, settings, frozen_layers=frozen_layers)
    if not targets:
        wanted = settings.lora_targets if isinstance(settings.lora_targets, str) else ", ".join(settings.lora_targets)
        raise InvalidConfig(f"lora_targets names no matrix of {type(model).__name__}: {wanted}.")
    config = LoraConfig(
        r=int(settings.lora_rank or 0),
        lora_alpha=settings.lora_alpha,  # type: ignore[arg-type]  # any number, whatever peft's annotation says
        lora_dropout=settings.lora_dropout,
        target_modules=targets,
    )
    in_full = [name for name, _ in model.named_parameters() if not _is_of_backbone(model, name)]
    inject_adapter_in_model(config, model)
    parameters = dict(model.named_parameters())
    for name in in_full:
        parameters[name].requires_grad_(True)


def merge_adapters(model: PreTrainedModel) -> None:
    """Add what the adapters learned to their matrices, and leave a plain model behind; one without any stays as it is.

    A matrix held in four bits is dequantized first: the sum is what gave the rewards in training.
    """
    for name, layer in list(model.named_modules()):
        if _is_adapted(layer):
            base = layer.get_base_layer()
            plain = dequantized(base)
            delta = layer.get_delta_weight("default")
            plain.weight.data += delta.to(plain.weight)
            model.set_submodule(name, plain)
    if hasattr(model, "peft_config"):
        del model.peft_config
    model.requires_grad_(True)


def _targets(model: PreTrainedModel, settings: AdapterSettings, *, frozen_layers: int) -> list[str]:
    """Full names of the matrices that get an adapter."""
    frozen = {id(part) for layer in transformer_layers(model)[:frozen_layers] for part in layer.modules()}
    return [
        name
        for name in backbone_matrices(model)
        if id(model.get_submodule(name)) not in frozen
        and (settings.lora_targets == ALL_LINEAR or name.rpartition(".")[2] in settings.lora_targets)
    ]


def backbone_matrices(model: PreTrainedModel) -> list[str]:
    """Names of the backbone's linear layers; neither the reward head nor an encoder's pooler is among them."""
    return [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear | Conv1D) and _is_of_backbone(model, name)
    ]


def _is_of_backbone(model: PreTrainedModel, name: str) -> bool:
    """Whether a part is pretrained: inside the base model, but no pooler, which pretraining often never saw."""
    return name.startswith(f"{model.base_model_prefix}.") and ".pooler." not in f"{name}."


def _is_adapted(layer: nn.Module) -> bool:
    return hasattr(layer, "lora_A") and hasattr(layer, "get_delta_weight")
