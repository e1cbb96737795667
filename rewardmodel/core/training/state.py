"""Everything a training run needs to go on as if nothing had happened: weights, optimizer, position.

Written as safetensors and JSON, never pickled. Only weights that are trained are kept; frozen ones come from the
backbone again. Random numbers are drawn anew for each step (see `fitting`), so there is nothing of them to keep. On one
machine a resumed run ends in bit-identical weights.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from rewardmodel.core.errors import DamagedCheckpoint, InvalidConfig
from rewardmodel.core.training.sharding import divided_like, local, part_like, whole

WEIGHTS = "weights.safetensors"
BEST_WEIGHTS = "best.safetensors"
OPTIMIZER = "optimizer.safetensors"
AVERAGED = "averaged.safetensors"
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
        best_is_averaged: that loss is of an average of weights (see `averaging`).
        looks_in_vain: looks at validation since then.
        recomputes: memory ran out once; activations are computed a second time since, in smaller passes.
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
    best_is_averaged: bool = False
    looks_in_vain: int = 0
    recomputes: bool = False


@dataclass(frozen=True)
class TrainingTensors:
    """What of a training is tensors, whole and on the CPU.

    Args:
        weights, best: by name.
        optimizer: moments by "name/slot".
        averaged: sets of weights that an average needs, by "number/name".
    """

    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    best: dict[str, Tensor] | None
    averaged: dict[str, Tensor] = field(default_factory=dict)


def trained_weights(model: nn.Module) -> dict[str, Tensor]:
    """Copies on the CPU of all weights that are being trained, by name; of a divided one, this process's part."""
    return {
        name: local(weight.detach()).to("cpu", copy=True)
        for name, weight in model.named_parameters()
        if weight.requires_grad
    }


def restore_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Put back what `trained_weights` copied.

    Raises: KeyError if a trained weight is missing.
    """
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                local(parameter).copy_(weights[name])


def training_tensors(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    *,
    best: Mapping[str, Tensor] | None = None,
    averaged: Sequence[Mapping[str, Tensor]] = (),
    keep: bool = True,
) -> TrainingTensors:
    """Weights and moments as they stand. Where they are divided, all processes have to ask together.

    Args:
        best: copies by `trained_weights`.
        averaged: sets of weights like those.
        keep: False where this process only gives its parts; what it gets is empty.
    """
    weights: dict[str, Tensor] = {}
    moments: dict[str, Tensor] = {}
    whole_best: dict[str, Tensor] = {}
    whole_averaged: dict[str, Tensor] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        _gather(weights, name, parameter.detach(), keep=keep)
        for slot, value in optimizer.state.get(parameter, {}).items():
            _gather(moments, f"{name}/{slot}", value.detach(), keep=keep)
        if best is not None:
            _gather(whole_best, name, divided_like(best[name], parameter), keep=keep)
        for number, part in enumerate(averaged):
            _gather(whole_averaged, f"{number}/{name}", divided_like(part[name], parameter), keep=keep)
    return TrainingTensors(weights, moments, None if best is None else whole_best, whole_averaged)


def write_state(folder: Path, tensors: TrainingTensors, *, position: Position) -> None:
    """Write the whole state into an empty folder."""
    save_file(tensors.weights, folder / WEIGHTS)
    if tensors.best is not None:
        save_file(tensors.best, folder / BEST_WEIGHTS)
    save_file(tensors.optimizer, folder / OPTIMIZER)
    if tensors.averaged:
        save_file(tensors.averaged, folder / AVERAGED)
    (folder / POSITION).write_text(json.dumps(asdict(position)), encoding="utf-8")


def load_state(
    folder: Path, *, model: nn.Module, optimizer: torch.optim.Optimizer, config_digest: str
) -> tuple[Position, dict[str, Tensor] | None]:
    """Restore model and optimizer in place; return the position and the best weights so far.

    Raises: InvalidConfig if the state belongs to another config or other data; DamagedCheckpoint, with model and
        optimizer in between.
    """
    with undamaged(folder):
        position = Position(**json.loads((folder / POSITION).read_text(encoding="utf-8")))
    if position.config_digest != config_digest:
        raise InvalidConfig(
            f"{folder} belongs to another config or snapshot. Start a new run, or give back the settings it began with."
        )
    with undamaged(folder):
        best = None if position.best_loss is None else _own_parts(model, load_file(folder / BEST_WEIGHTS))
        restore_weights(model, _own_parts(model, load_file(folder / WEIGHTS)))
        _restore_optimizer(model, optimizer, load_file(folder / OPTIMIZER))
    return position, best


def load_averaged(folder: Path, *, model: nn.Module) -> list[dict[str, Tensor]]:
    """The sets of weights that an average needs to go on; none before the first. Raises: DamagedCheckpoint."""
    if not (folder / AVERAGED).exists():
        return []
    with undamaged(folder):
        tensors = load_file(folder / AVERAGED)
        numbers = sorted({int(name.partition("/")[0]) for name in tensors})
        by_number = ({name: tensors[f"{number}/{name}"] for name in trained_weights(model)} for number in numbers)
        return [_own_parts(model, weights) for weights in by_number]


@contextlib.contextmanager
def undamaged(folder: Path) -> Iterator[None]:
    """What cannot be read of a checkpoint is its damage. Raises: DamagedCheckpoint."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError, BadZipFile) as error:
        raise DamagedCheckpoint(f"The checkpoint {folder} is damaged ({type(error).__name__}: {error}).") from None


def _gather(into: dict[str, Tensor], name: str, value: Tensor, *, keep: bool) -> None:
    gathered = whole(value)
    if keep:
        into[name] = gathered.to("cpu", copy=True)


def _own_parts(model: nn.Module, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Of whole weights by name, what this process keeps, on the CPU."""
    return {
        name: local(part_like(weights[name], parameter)).to("cpu")
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


def _restore_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = dict(model.named_parameters())
    for key, value in tensors.items():
        name, _, slot = key.rpartition("/")
        parameter = parameters[name]
        if slot == "step":  # a count, never divided; the fused optimizer wants it beside the weight
            optimizer.state[parameter][slot] = value.to(parameter.device)
        else:
            optimizer.state[parameter][slot] = part_like(value, parameter)
