"""Settings about where a run computes and how often it saves. They change time and memory, never the objective."""

from dataclasses import dataclass

from rewardmodel.core.settings import DEVICES, PRECISIONS, Settings

AUTO, PADDED, PACKED, SHARED = ROUTES = ("auto", "padded", "packed", "shared")


@dataclass(frozen=True, kw_only=True)
class ComputeSettings(Settings):
    """Device, precision, batches, checkpoints."""

    tokens_per_batch: int | None = None
    """Padded tokens in one forward pass; None chooses by device. Changes memory and speed, never the objective."""
    precision: str = "auto"
    """"bf16" computes under autocast, weights and head in fp32; "auto" takes it where the processor has it."""
    device: str = "auto"
    """"cpu", "cuda", or "auto" for cuda where there is one."""
    route: str = "auto"
    """How the texts of comparisons go through the backbone: "padded", "packed" without padding, "shared" with prompts
    encoded once, or "auto" for the one that computes the fewest tokens (see docs/reward-models.md)."""
    torch_threads: int = 1
    """CPU threads. More than the free cores make training slower, not faster."""
    validations: int = 4
    """How often the validation split is scored during the run, evenly spread, the end included."""
    checkpoint_every_seconds: float = 60.0
    """Time between resumable checkpoints; 0 saves after every step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least_one("torch_threads", "tokens_per_batch")
        self.require_not_negative("validations", "checkpoint_every_seconds")
        self.require_one_of("precision", PRECISIONS)
        self.require_one_of("device", DEVICES)
        self.require_one_of("route", ROUTES)
