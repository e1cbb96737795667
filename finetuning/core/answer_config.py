"""How answers are drawn, and what runs that draw them can be told. Light to import: no PyTorch."""

from dataclasses import dataclass

from rewardmodel.core.settings import DEVICES, Settings

HIGHEST_TEMPERATURE = 10


def require_drawable(settings: Settings, *, temperature: str, top_p: str, answers: str) -> None:
    """Answers can be drawn with a config's numbers, which stand in the fields named.

    Raises: InvalidConfig.
    """
    settings.require_between(temperature, 0, HIGHEST_TEMPERATURE)
    settings.require_share(top_p)
    settings.require_at_least_one("max_response_tokens", answers)
    settings.require_seed("seed")


@dataclass(frozen=True)
class Sampling(Settings):
    """How answers are drawn.

    Args:
        temperature: divides the logits; 0 takes the likeliest token.
        top_p: keep the likeliest tokens that together have this probability, 0 < top_p ≤ 1.
        max_response_tokens: answers are cut here.
        samples_per_prompt: how many answers each prompt gets.
        seed: with the prompt and the number of the sample it fixes an answer.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """

    temperature: float = 0.8
    top_p: float = 1.0
    max_response_tokens: int = 96
    samples_per_prompt: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        require_drawable(self, temperature="temperature", top_p="top_p", answers="samples_per_prompt")


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
        super().__post_init__()
        self.require(bool(self.policies), "policies", "must name at least one policy")
        has_directories = all(isinstance(folder, str) and folder for folder in self.policies.values())
        self.require(has_directories, "policies", "must name a directory for each policy")
        require_drawable(self, temperature="temperature", top_p="top_p", answers="samples_per_prompt")
        self.require_at_least_one("torch_threads")
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
        super().__post_init__()
        require_drawable(self, temperature="temperature", top_p="top_p", answers="answers_per_prompt")
        self.require_at_least_one("torch_threads")
        self.require_one_of("device", DEVICES)

    @property
    def sampling(self) -> Sampling:
        return Sampling(
            temperature=self.temperature,
            top_p=self.top_p,
            max_response_tokens=self.max_response_tokens,
            samples_per_prompt=self.answers_per_prompt,
            seed=self.seed,
        )
