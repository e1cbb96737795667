"""What a training run can be told, with units, defaults and limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.settings import DEVICES, PRECISIONS, Settings


@dataclass(frozen=True)
class TrainConfig(Settings):
    """One training run of a reward model. Equal configs on equal data give equal weights on one machine.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """

    snapshot: str
    """Path of the snapshot's Parquet file."""
    backbone: str = "minilm"
    """"minilm", or a local directory with a Hugging Face model in safetensors."""
    name: str = ""
    """Name that the reward model will carry; free text here."""
    seed: int = 0
    """Draws the head's first weights and the order of comparisons."""

    epochs: int | None = None
    """Times that every training comparison is visited. None: once, and small data up to three times (see `steps.plan`):
    a reward model that sees judgments again and again learns them by heart."""
    max_training_tokens: int | None = None
    """Stop after about this many tokens even if epochs remain; None for no limit. Whole steps only."""
    comparisons_per_step: int = 16
    """Comparisons whose gradients are averaged in one optimizer step."""
    tokens_per_batch: int | None = None
    """Padded tokens in one forward pass; None chooses by device. Changes memory and speed, never the objective."""
    max_length_tokens: int = 256
    """Tokens of prompt and response together; what is longer loses the beginning of its prompt."""

    learning_rate: float = 1e-4
    """Peak learning rate of the backbone. Small encoders like 1e-4; a billion weights rather 1e-5."""
    head_learning_rate: float = 1e-3
    """Peak learning rate of the reward head, which starts from random weights."""
    warmup_fraction: float = 0.1
    """Part of all steps during which the learning rate rises from 0; it then falls linearly to 0."""
    weight_decay: float = 0.01
    """AdamW's decoupled decay, for matrices only."""
    max_grad_norm: float = 1.0
    """Gradients longer than this (L2, over all weights) are shortened to it."""
    frozen_layers: int | None = None
    """Lowest transformer layers that keep their weights; with one or more the embeddings keep theirs too. None: two, or
    none in a model of fewer than six layers."""
    dropout: float = 0.0
    """Probability of dropout in the backbone while training."""
    label_smoothing: float = 0.0
    """Probability with which a verdict is taken to be wrong, 0 ≤ s < 0.5."""

    precision: str = "auto"
    """"bf16" computes under autocast, weights and head in fp32; "auto" takes it where the processor has it."""
    device: str = "auto"
    """"cpu", "cuda", or "auto" for cuda where there is one."""
    torch_threads: int = 1
    """CPU threads. More than the free cores make training slower, not faster."""

    validations: int = 4
    """How often the validation split is scored during the run, evenly spread, the end included."""
    checkpoint_every_seconds: float = 60.0
    """Time between resumable checkpoints; 0 saves after every step."""
    pair_rules: Mapping[str, Any] | None = None
    """How judgments become pairs; None for the rules that the snapshot's manifest names."""

    def __post_init__(self) -> None:
        _require(bool(self.snapshot), "snapshot", "must be the path of a snapshot file", self.snapshot)
        _require(bool(self.backbone), "backbone", 'must be "minilm" or a local directory', self.backbone)
        for field in ("comparisons_per_step", "torch_threads"):
            _require(getattr(self, field) >= 1, field, "must be at least 1", getattr(self, field))
        for field in ("epochs", "max_training_tokens", "tokens_per_batch"):
            value = getattr(self, field)
            _require(value is None or value >= 1, field, "must be at least 1, or null", value)
        _require(self.max_length_tokens >= 16, "max_length_tokens", "must be at least 16", self.max_length_tokens)
        for field in ("learning_rate", "head_learning_rate", "max_grad_norm"):
            _require(getattr(self, field) > 0, field, "must be above 0", getattr(self, field))
        for field in ("weight_decay", "frozen_layers", "validations", "checkpoint_every_seconds"):
            _require((getattr(self, field) or 0) >= 0, field, "must not be negative", getattr(self, field))
        for field in ("warmup_fraction", "dropout"):
            _require(0 <= getattr(self, field) < 1, field, "must be at least 0 and below 1", getattr(self, field))
        smoothing = self.label_smoothing
        _require(0 <= smoothing < 0.5, "label_smoothing", "must be at least 0 and below 0.5", smoothing)
        _require(self.precision in PRECISIONS, "precision", f"must be one of {', '.join(PRECISIONS)}", self.precision)
        _require(self.device in DEVICES, "device", f"must be one of {', '.join(DEVICES)}", self.device)


def _require(holds: bool, field: str, rule: str, value: object) -> None:
    if not holds:
        raise InvalidConfig(f"{field} {rule}, not {value!r}.")
