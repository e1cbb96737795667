"""What a training run can be told, with units, defaults and limits. Nothing here needs torch."""

from rewardmodel.core.config.train import TrainConfig

__all__ = ["TrainConfig"]
