"""Settings about where a run computes and how often it saves. They change time and memory, never the objective."""

from dataclasses import dataclass

from rewardmodel.core.settings import DEVICES, PRECISIONS, Settings

SHARDINGS = ("auto", "none", "full")
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
    processes: int = 1
    """Processes on this machine that share each step, one for each GPU. The steps stay the same whatever the number."""
    sharding: str = "auto"
    """"full" keeps a part of the weights, gradients and moments in each process instead of all of them (FSDP); "none"
    does not. "auto" does where `accelerate launch` was told to use FSDP."""
    gradient_checkpointing: bool | str = "auto"
    """true computes activations a second time instead of keeping them: less memory, a third more work. "auto" begins
    without, and goes over to it with half of tokens_per_batch when the GPU's memory runs out."""
    compile: bool = False
    """Compile the backbone with torch.compile: pays for long runs on a GPU, and costs minutes at the start."""
    torch_threads: int = 1
    """CPU threads of each process. More than the free cores make training slower, not faster."""
    validations: int = 4
    """How often the validation split is scored during the run, evenly spread, the end included."""
    checkpoint_every_seconds: float = 60.0
    """Time between resumable checkpoints, or nine times what saving one takes if that is more; 0 saves after every
    step."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least_one("torch_threads", "tokens_per_batch", "processes")
        self.require_not_negative("validations", "checkpoint_every_seconds")
        self.require_one_of("precision", PRECISIONS)
        self.require_one_of("device", DEVICES)
        self.require_one_of("route", ROUTES)
        self.require_one_of("sharding", SHARDINGS)
        recomputes = isinstance(self.gradient_checkpointing, bool) or self.gradient_checkpointing == "auto"
        self.require(recomputes, "gradient_checkpointing", 'must be true, false or "auto"')
