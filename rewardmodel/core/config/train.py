"""The whole config of a training run: one flat JSON object, its fields kept by noun in the modules beside this one."""

from dataclasses import dataclass

from rewardmodel.core.config.compute import ComputeSettings
from rewardmodel.core.config.data import DataSettings
from rewardmodel.core.config.network import NetworkSettings
from rewardmodel.core.config.objective import ObjectiveSettings
from rewardmodel.core.config.optimizer import OptimizerSettings


@dataclass(frozen=True, kw_only=True)
class TrainConfig(DataSettings, ObjectiveSettings, NetworkSettings, OptimizerSettings, ComputeSettings):
    """One training run of a reward model. Equal configs on equal data give equal weights on one machine.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """
