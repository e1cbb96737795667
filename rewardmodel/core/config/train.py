"""The whole config of a training run: one flat JSON object, its fields kept by noun in the modules beside this one."""

from dataclasses import dataclass

from rewardmodel.core.config.adapters import AdapterSettings
from rewardmodel.core.config.compute import ComputeSettings
from rewardmodel.core.config.data import DataSettings
from rewardmodel.core.config.ensemble import EnsembleSettings
from rewardmodel.core.config.network import NetworkSettings
from rewardmodel.core.config.objective import ObjectiveSettings
from rewardmodel.core.config.optimizer import OptimizerSettings


@dataclass(frozen=True, kw_only=True)
class TrainConfig(
    DataSettings,
    ObjectiveSettings,
    NetworkSettings,
    AdapterSettings,
    EnsembleSettings,
    OptimizerSettings,
    ComputeSettings,
):
    """One training run of a reward model. Equal configs on equal data give equal weights on one machine.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        adapts_nothing = self.lora_rank is not None and self.frozen_layers == "all"
        self.require(not adapts_nothing, "frozen_layers", 'must not be "all" beside lora_rank')
        has_opinions = self.heads > 1 or self.members > 1
        one_opinion = "must be false where heads or members is above 1: attributes are parts of one opinion"
        self.require(not (self.attribute_heads and has_opinions), "attribute_heads", one_opinion)
        shards_quantized = self.quantization != "none" and self.sharding == "full"
        self.require(not shards_quantized, "sharding", 'must be "none" beside quantization')
