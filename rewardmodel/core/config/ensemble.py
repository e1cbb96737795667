"""Settings about several opinions on one response, and about averaged weights."""

from dataclasses import dataclass

from rewardmodel.core.settings import Settings

MEAN, MINIMUM, MEAN_VARIANCE, WEIGHTS = "mean", "minimum", "mean-variance", "weights"
COMBINATIONS = (MEAN, MINIMUM, MEAN_VARIANCE, WEIGHTS)
NO_AVERAGE, MOVING_AVERAGE, LAST_VALIDATIONS = "none", "ema", "last-validations"
AVERAGES = (NO_AVERAGE, MOVING_AVERAGE, LAST_VALIDATIONS)
MOST_HEADS = 1000


@dataclass(frozen=True, kw_only=True)
class EnsembleSettings(Settings):
    """How many opinions are trained, how they become one reward, and whether weights are averaged on the way."""

    heads: int = 1
    """Linear heads on one backbone, trained together, each on its own resample of the prompts. They cost next to
    nothing and disagree less than networks do."""
    members: int = 1
    """Networks trained one after the other, each from its own seed on all data. Each costs a whole training, and in
    scoring a whole forward pass unless `combine` is "weights"."""
    combine: str = MEAN
    """What members make of a reward: their "mean"; their "minimum"; "mean-variance", the mean less
    `uncertainty_penalty` times their variance; "weights", one network of averaged weights, which costs what one member
    costs and knows no uncertainty."""
    uncertainty_penalty: float = 0.5
    """For "mean-variance": nats taken off for each squared nat of variance between members; 0 is the mean."""
    averaging: str = NO_AVERAGE
    """Averages of one network's weights that compete with the weights themselves at each validation: "ema", an
    exponential moving average over steps; "last-validations", the mean of the weights at the last few validations."""
    ema_decay: float = 0.99
    """For "ema": what is kept of the average at each step; the last 1 / (1 - decay) steps make up most of it."""
    averaged_validations: int = 3
    """For "last-validations": how many sets of weights are averaged."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least_one("heads", "members", "averaged_validations")
        self.require(self.heads <= MOST_HEADS, "heads", f"must be at most {MOST_HEADS}")
        self.require(self.heads == 1 or self.members == 1, "heads", "must be 1 where members is above 1")
        self.require_one_of("combine", COMBINATIONS)
        is_possible = self.combine != WEIGHTS or self.members > 1
        self.require(is_possible, "combine", 'can be "weights" only where members is above 1')
        self.require_not_negative("uncertainty_penalty")
        self.require_one_of("averaging", AVERAGES)
        self.require(0 <= self.ema_decay < 1, "ema_decay", "must be at least 0 and below 1")

    @property
    def opinions(self) -> int:
        """How many rewards each response gets before they are combined."""
        return self.heads if self.members == 1 else self.members
