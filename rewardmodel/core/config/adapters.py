"""Settings about training few weights instead of all: low-rank adapters, and a backbone held in four bits."""

from dataclasses import dataclass

from rewardmodel.core.settings import Settings

QUANTIZATIONS = ("none", "4bit")
ALL_LINEAR = "all-linear"


@dataclass(frozen=True, kw_only=True)
class AdapterSettings(Settings):
    """Low-rank adapters (Hu et al. 2021, arXiv:2106.09685), 4-bit weights (Dettmers et al. 2023, arXiv:2305.14314)."""

    lora_rank: int | None = None
    """Rank of the adapters that are trained in place of the backbone's matrices; null trains the backbone itself. The
    head is trained in full either way. Needs the package peft."""
    lora_alpha: float = 16.0
    """Adapters count `lora_alpha / lora_rank` times."""
    lora_dropout: float = 0.0
    """Probability of dropout before each adapter while training."""
    lora_targets: str | tuple[str, ...] = ALL_LINEAR
    """Which matrices get an adapter: "all-linear", or the last parts of their names (`["q_proj", "v_proj"]`)."""
    quantization: str = "none"
    """"4bit" keeps the frozen backbone's matrices in NF4, an eighth of float32, while adapters are trained. Needs the
    package bitsandbytes, and lora_rank. The saved model is the dequantized backbone, adapters merged in, in float32."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_at_least_one("lora_rank")
        self.require_positive("lora_alpha")
        self.require(0 <= self.lora_dropout < 1, "lora_dropout", "must be at least 0 and below 1")
        named = self.lora_targets == ALL_LINEAR or (
            isinstance(self.lora_targets, tuple)
            and bool(self.lora_targets)
            and all(isinstance(name, str) for name in self.lora_targets)
        )
        self.require(named, "lora_targets", 'must be "all-linear" or a list of names')
        self.require_one_of("quantization", QUANTIZATIONS)
        trains_adapters = self.quantization == "none" or self.lora_rank is not None
        self.require(trains_adapters, "quantization", 'needs lora_rank, or must be "none"')
