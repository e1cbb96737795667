"""How answers are drawn, and what runs that draw them can be told. Light to import: no PyTorch."""

from dataclasses import asdict, dataclass
from typing import Any

from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.settings import DEVICES, Settings


@dataclass(frozen=True)
class Sampling:
    """How answers are drawn.

    Args:
        temperature: divides the logits; 0 takes the likeliest token.
        top_p: keep the likeliest tokens that together have this probability, 0 < top_p ≤ 1.
        max_response_tokens: answers are cut here.
        samples_per_prompt: how many answers each prompt gets.
        seed: with the prompt and the number of the sample it fixes an answer.
    """

    temperature: float = 0.8
    top_p: float = 1.0
    max_response_tokens: int = 96
    samples_per_prompt: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10:
            raise InvalidConfig(f"temperature must lie between 0 and 10, not {self.temperature!r}.")
        if not 0 < self.top_p <= 1:
            raise InvalidConfig(f"top_p must be above 0 and at most 1, not {self.top_p!r}.")
        for name in ("max_response_tokens", "samples_per_prompt"):
            if getattr(self, name) < 1:
                raise InvalidConfig(f"{name} must be at least 1, not {getattr(self, name)!r}.")

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class GenerateConfig(Settings):
    """Which policies answer, and how answers are drawn.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """

    policies: dict[str, str]
    """Directory by name; the names go with the answers."""
    prompts: str = ""
    """JSONL file with "prompt" in each row; prompts.jsonl of the run directory by default."""
    reward_model: str = ""
    """Directory of a reward model that scores the answers; empty for none."""
    temperature: float = 0.7
    top_p: float = 0.95
    max_response_tokens: int = 96
    samples_per_prompt: int = 1
    seed: int = 0
    device: str = "auto"
    torch_threads: int = 1

    def __post_init__(self) -> None:
        self.require(bool(self.policies), "policies", "must name at least one policy")
        self.require_positive("torch_threads")
        self.require_one_of("device", DEVICES)

    @property
    def sampling(self) -> Sampling:
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            max_response_tokens=self.max_response_tokens,
            samples_per_prompt=self.samples_per_prompt,
            seed=self.seed,
        )


@dataclass(frozen=True)
class EvaluateConfig(Settings):
    """Which policies answer which prompts, and who scores the answers."""

    policy: str
    reference: str
    reward_model: str
    prompts: str
    temperature: float = 0.7
    top_p: float = 0.95
    max_response_tokens: int = 64
    answers_per_prompt: int = 2
    seed: int = 0
    device: str = "auto"
    torch_threads: int = 1

    def __post_init__(self) -> None:
        self.require_positive("max_response_tokens", "answers_per_prompt", "torch_threads")
        self.require_one_of("device", DEVICES)
