"""Everything a training run needs to go on as if nothing had happened: weights, optimizer, random numbers, position.

Written as safetensors and JSON, never pickled. Only weights that are trained are kept; frozen ones come from the
backbone again. On one machine a resumed run ends in bit-identical weights.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rewardmodel.core.errors import InvalidConfig

WEIGHTS = "weights.safetensors"
BEST_WEIGHTS = "best.safetensors"
OPTIMIZER = "optimizer.safetensors"
RANDOM = "random.safetensors"
POSITION = "position.json"


@dataclass
class Position:
    """Where a run stands.

    Args:
        step: optimizer steps done in all.
        epoch, steps_in_epoch: epochs finished, and steps done in the current one.
        tokens: real tokens trained on so far, padding not counted.
        seconds: time spent in training steps so far, over all attempts.
        best_loss: lowest validation loss so far in nats; None before the first validation.
        best_step: the step of that loss.
        config_digest: of the config and data that the state belongs to.
    """

    config_digest: str
    step: int = 0
    epoch: int = 0
    steps_in_epoch: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_loss: float | None = None
    best_step: int = 0


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """Copies on the CPU of all weights that are being trained, by name."""
    return {
        name: weight.detach().to("cpu", copy=True) for name, weight in model.named_parameters() if weight.requires_grad
    }


def restore_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put weights back by name.

    Raises: KeyError if a trained weight is missing.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                parameter.copy_(weights[name])


def random_state() -> dict[str, Tensor]:
    """Where torch's random numbers stand, by device."""
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def restore_random_state(state: Mapping[str, Tensor]) -> None:
    """Let the random numbers go on from there."""
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def save_state(
    folder: Path,
    *,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    position: Position,
    best_weights: Mapping[str, Tensor] | None,
) -> None:
    """Write the whole state into an empty folder."""
    save_file(trained_weights(model), folder / WEIGHTS)
    if best_weights is not None:
        save_file(dict(best_weights), folder / BEST_WEIGHTS)
    save_file(_optimizer_tensors(model, optimizer), folder / OPTIMIZER)
    save_file(random_state(), folder / RANDOM)
    (folder / POSITION).write_text(json.dumps(asdict(position)), encoding="utf-8")


def load_state(
    folder: Path, *, model: nn.Module, optimizer: torch.optim.Optimizer, config_digest: str
) -> tuple[Position, dict[str, Tensor] | None]:
    """Restore model, optimizer and random numbers in place; return the position and the best weights so far.

    Raises: InvalidConfig if the state belongs to another config or other data.
    """
    position = Position(**json.loads((folder / POSITION).read_text(encoding="utf-8")))
    if position.config_digest != config_digest:
        raise InvalidConfig(
            f"{folder} belongs to another config or snapshot. Start a new run, or give back the settings it began with."
        )
    restore_weights(model, load_file(folder / WEIGHTS))
    _restore_optimizer(model, optimizer, load_file(folder / OPTIMIZER))
    restore_random_state(load_file(folder / RANDOM))
    best = folder / BEST_WEIGHTS
    return position, load_file(best) if best.exists() else None


def _optimizer_tensors(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{name}/{key}": value.detach().cpu().clone()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def _restore_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = dict(model.named_parameters())
    for key, value in tensors.items():
        name, _, slot = key.rpartition("/")
        parameter = parameters[name]
        device = "cpu" if slot == "step" and parameter.device.type == "cpu" else parameter.device
        optimizer.state[parameter][slot] = value.to(device)
