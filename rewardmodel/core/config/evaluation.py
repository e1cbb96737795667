"""What an evaluation can be told: which model, on which data."""

from dataclasses import dataclass

from preferences.formats import FORMATS
from preferences.splits import SPLITS
from rewardmodel.core.evaluation import rewardbench
from rewardmodel.core.settings import DEVICES, Settings

ALL = "all"
DETECTED = "auto"


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig(Settings):
    """One evaluation of a reward model.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """

    model: str
    """Directory of the reward model."""
    data: str
    """A snapshot, or any file that `preferences.formats` or RewardBench reads; then every readable row is evaluated."""
    split: str = "test"
    """Which rows of a snapshot; "all" for every one."""
    format: str = DETECTED
    """Of a file: the name of its format, "rewardbench", or "auto" for what its rows look like."""
    slice_by: str = ""
    """The metadata to slice by; by default the one that most looks like a kind of prompt."""
    learned_from: str | None = None
    """The snapshot that the model was trained on; a floor learns words from it."""
    name: str = ""
    """What the report calls the model; by default the name it was trained under."""
    seed: int = 0
    """Draws the bootstrap."""
    device: str = "auto"
    """"cpu", "cuda", or "auto" for cuda where there is one."""
    torch_threads: int = 1
    """CPU threads."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(bool(self.model), "model", "must be the directory of a reward model")
        self.require(bool(self.data), "data", "must be the path of a file")
        self.require_one_of("split", (*SPLITS, ALL))
        self.require_one_of("format", (DETECTED, rewardbench.NAME, *sorted(FORMATS)))
        self.require_seed("seed")
        self.require_one_of("device", DEVICES)
        self.require_at_least_one("torch_threads")
