"""Averages of weights: along one training run, or of several finished networks.

Sources: exponential moving average: Polyak & Juditsky 1992; Tarvainen & Valpola 2017, arXiv:1703.01780, eq. 1.
Mean of weights along the run: Izmailov et al. 2018, "SWA", arXiv:1803.05407. Mean of reward models that share their
pretraining: Ramé et al. 2024, "WARM", arXiv:2401.12187.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from rewardmodel.core.config.ensemble import LAST_VALIDATIONS, MOVING_AVERAGE, EnsembleSettings
from rewardmodel.core.training.sharding import local
from rewardmodel.core.training.state import trained_weights

Weights = Mapping[str, Tensor]


class WeightAverage(Protocol):
    """An average that follows a training run.

    Attributes:
        parts: sets of weights by name, all that is needed to go on; kept in checkpoints. Of weights that are divided
            over processes, this process's own.
    """

    parts: list[dict[str, Tensor]]

    def after_step(self, model: nn.Module, step: int) -> None:
        """Take note of the weights after an optimizer step; the first is step 1."""

    def at_validation(self, model: nn.Module) -> dict[str, Tensor] | None:
        """The average to be tried at this validation; None where it is the weights themselves."""


class MovingAverage:
    """Exponential moving average of the trained weights over steps, kept on their device.

    The decay starts lower, min(decay, t / (9 + t)) at step t, so that the untrained weights are soon forgotten.
    """

    def __init__(self, decay: float) -> None:
        self.decay = decay
        self.parts: list[dict[str, Tensor]] = []

    def after_step(self, model: nn.Module, step: int) -> None:
        weights = {name: local(weight.detach()).float() for name, weight in _trained(model)}
        if not self.parts:
            self.parts = [{name: weight.clone() for name, weight in weights.items()}]
        keep = min(self.decay, step / (9 + step))
        for name, weight in weights.items():
            average = self.parts[0][name].to(weight.device)
            self.parts[0][name] = average.lerp_(weight, 1 - keep)

    def at_validation(self, model: nn.Module) -> dict[str, Tensor] | None:
        return self.parts[0] if self.parts else None


class LastValidations:
    """Mean of the weights at the last few validations, this one included."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.parts: list[dict[str, Tensor]] = []

    def after_step(self, model: nn.Module, step: int) -> None:
        """Nothing changes between validations."""

    def at_validation(self, model: nn.Module) -> dict[str, Tensor] | None:
        self.parts = [*self.parts, trained_weights(model)][-self.count :]
        return mean_of_weights(self.parts) if len(self.parts) > 1 else None


def _trained(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    return ((name, weight) for name, weight in model.named_parameters() if weight.requires_grad)


def average_of(settings: EnsembleSettings) -> WeightAverage | None:
    """The average that a config asks for; None without one."""
    if settings.averaging == MOVING_AVERAGE:
        return MovingAverage(settings.ema_decay)
    if settings.averaging == LAST_VALIDATIONS:
        return LastValidations(settings.averaged_validations)
    return None


def mean_of_weights(members: Sequence[Weights]) -> dict[str, Tensor]:
    """The mean of each weight over members, summed in float64 and kept in the first member's type.

    What is no floating-point number (positions, say) is the first member's.

    Raises: ValueError if the members' names or shapes differ.
    """
    first = members[0]
    for other in members[1:]:
        if other.keys() != first.keys() or any(other[name].shape != first[name].shape for name in first):
            raise ValueError("The members' weights differ in name or shape.")
    return {
        name: torch.stack([member[name].double() for member in members]).mean(dim=0).to(weight.dtype)
        if weight.is_floating_point()
        else weight.clone()
        for name, weight in first.items()
    }
