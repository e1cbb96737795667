"""Settings about how weights move."""

from dataclasses import dataclass

from rewardmodel.core.settings import Settings

SCHEDULES = ("linear", "cosine", "constant")


@dataclass(frozen=True, kw_only=True)
class OptimizerSettings(Settings):
    """Learning rates, their course over the run, and what keeps them in bounds."""

    learning_rate: float = 1e-4
    """Peak learning rate of the backbone. Small encoders like 1e-4; a billion weights rather 1e-5."""
    head_learning_rate: float = 1e-3
    """Peak learning rate of the reward head, which starts from random weights."""
    warmup_fraction: float = 0.1
    """Part of all steps during which the learning rate rises in a line from 0."""
    schedule: str = "linear"
    """What follows the warm-up: "linear" falls in a line to 0, "cosine" along half a wave to 0, "constant" stays."""
    layer_decay: float = 1.0
    """Each layer's learning rate is that of the layer above it times this, the embeddings' below the lowest; 1 treats
    all alike."""
    weight_decay: float = 0.01
    """AdamW's decoupled decay, for matrices only."""
    max_grad_norm: float = 1.0
    """Gradients longer than this (L2, over all weights) are shortened to it."""
    early_stopping: int | None = None
    """Looks at validation in a row without a lower loss after which training ends; null never ends early."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_positive("learning_rate", "head_learning_rate", "max_grad_norm")
        self.require_not_negative("weight_decay")
        self.require_one_of("schedule", SCHEDULES)
        self.require_share("layer_decay")
        self.require_at_least_one("early_stopping")
        self.require(0 <= self.warmup_fraction < 1, "warmup_fraction", "must be at least 0 and below 1")
