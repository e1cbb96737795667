"""Settings about what a model is to make likely."""

from dataclasses import dataclass

from rewardmodel.core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ObjectiveSettings(Settings):
    """What rewards cost, given what people said."""

    label_smoothing: float = 0.0
    """Probability with which a verdict is taken to be wrong, 0 ≤ s < 0.5."""

    def __post_init__(self) -> None:
        super().__post_init__()
        smoothing = self.label_smoothing
        self.require(0 <= smoothing < 0.5, "label_smoothing", "must be at least 0 and below 0.5")
