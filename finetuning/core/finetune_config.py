"""What a fine-tuning run can be told, with units, defaults and limits."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from finetuning.core.answer_config import Sampling, require_drawable
from rewardmodel.core.settings import DEVICES, Settings

METHODS = ("sft", "rloo", "grpo", "dpo")
REWARD_METHODS = ("rloo", "grpo")
DEMONSTRATIONS = ("auto", "written", "best")

# What a method takes where the config says null: tuned on the small demo policy.
DEFAULTS: dict[str, dict[str, Any]] = {
    "sft": {"steps": 50, "learning_rate": 1e-3, "examples_per_step": 16},
    "rloo": {"steps": 24, "learning_rate": 7e-4, "examples_per_step": 32},
    "grpo": {"steps": 24, "learning_rate": 7e-4, "examples_per_step": 32},
    "dpo": {"steps": 60, "learning_rate": 3e-4, "examples_per_step": 8},
}


@dataclass(frozen=True)
class FinetuneConfig(Settings):
    """One fine-tuning run of a policy.

    Raises: InvalidConfig, naming the field, for a value that cannot be.
    """

    method: str
    """"sft" imitates demonstrations; "rloo" and "grpo" seek reward; "dpo" learns preferred pairs directly."""
    policy: str
    """Directory of the policy to start from."""
    reference: str = ""
    """Directory of the frozen policy that KL is measured against; the policy to start from by default."""
    reward_model: str = ""
    """Directory of the reward model; needed by rloo and grpo, and by any method for the figures at the end."""
    snapshot: str = ""
    """Data to learn from (train split): demonstrations, pairs, and prompts where `prompts` names no file."""
    prompts: str = ""
    """JSONL file of prompts to answer while learning, instead of the snapshot's."""
    evaluation_prompts: str = ""
    """JSONL file of unseen prompts for the figures at the end; by default the snapshot's validation and test split."""
    name: str = ""
    """Name that the policy will carry; free text here."""
    seed: int = 0

    steps: int | None = None
    """Optimizer steps; null takes the method's own number."""
    learning_rate: float | None = None
    """Peak learning rate, falling in a line; null takes the method's own."""
    examples_per_step: int | None = None
    """Demonstrations, pairs or drawn answers in one step; null takes the method's own number."""
    demonstrations: str = "auto"
    """For sft: "written" by people, "best" of the judged responses, "auto" for written ones where there are any."""
    max_prompt_tokens: int = 192
    """Longer prompts lose their oldest turns; those that still do not fit are left out and counted."""
    max_response_tokens: int = 64
    """Answers are cut here while learning and in the figures at the end."""
    answers_per_prompt: int = 4
    """For rloo and grpo: answers drawn to each prompt, which are each other's baseline."""
    temperature: float = 0.9
    """For rloo and grpo: divides the logits when answers are drawn while learning."""
    kl_coefficient: float = 0.05
    """For rloo and grpo: reward given up for each nat of KL to the reference. For dpo: its β."""
    reward_clip: tuple[float, ...] | None = (-5.0, 5.0)
    """For rloo and grpo: normalized rewards are cut to this range; null for no limit."""

    evaluation_temperature: float = 0.7
    evaluation_top_p: float = 0.95
    evaluation_answers: int = 2
    """Answers that each policy gives to each unseen prompt for the figures at the end."""
    max_evaluation_prompts: int = 96

    device: str = "auto"
    torch_threads: int = 1
    """CPU threads. More than the free cores make training slower, not faster."""
    checkpoint_every_steps: int = 10
    extra: dict[str, Any] = field(default_factory=dict)
    """Further settings handed to the trainer as they are, by TRL's names; none that stand above or follow from them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_one_of("method", METHODS)
        self.require(bool(self.policy), "policy", "must be the directory of a policy")
        self.require(
            self.method not in REWARD_METHODS or bool(self.reward_model),
            "reward_model",
            f"must be the directory of a reward model for {self.method}",
        )
        self.require(
            bool(self.snapshot) or (self.method in REWARD_METHODS and bool(self.prompts)),
            "snapshot",
            "must be the path of a snapshot file",
        )
        self.require_one_of("demonstrations", DEMONSTRATIONS)
        self.require_one_of("device", DEVICES)
        for name in ("steps", "learning_rate", "examples_per_step"):
            self.require(getattr(self, name) is None or getattr(self, name) > 0, name, "must be above 0, or null")
        self.require_seed("seed", bits=32)  # which NumPy takes
        self.require_at_least_one("max_prompt_tokens", "max_evaluation_prompts", "torch_threads")
        self.require_at_least_one("checkpoint_every_steps")
        require_drawable(
            self, temperature="evaluation_temperature", top_p="evaluation_top_p", answers="evaluation_answers"
        )
        self.require_positive("temperature")
        self.require(self.answers_per_prompt >= 2, "answers_per_prompt", "must be at least 2")
        self.require(self.kl_coefficient > 0, "kl_coefficient", "must be above 0, or KL would not be measured")
        if self.method in REWARD_METHODS:
            self.require(
                self.chosen("examples_per_step") % self.answers_per_prompt == 0,
                "examples_per_step",
                f"must be a multiple of answers_per_prompt ({self.answers_per_prompt})",
            )
        if self.reward_clip is not None:
            are_numbers = all(type(end) in (int, float) for end in self.reward_clip)
            self.require(
                are_numbers and len(self.reward_clip) == 2 and self.reward_clip[0] < self.reward_clip[1],
                "reward_clip",
                "must be a lower and a higher number, or null",
            )

    @property
    def reference_directory(self) -> Path:
        """Where the frozen policy lies that KL is measured against."""
        return Path(self.reference or self.policy)

    @property
    def evaluation_sampling(self) -> Sampling:
        """How answers are drawn for the figures at the end."""
        return Sampling(
            temperature=self.evaluation_temperature,
            top_p=self.evaluation_top_p,
            max_response_tokens=self.max_response_tokens,
            samples_per_prompt=self.evaluation_answers,
            seed=self.seed,
        )

    def chosen(self, name: str) -> Any:
        """A setting, or the method's own value where it is null."""
        value = getattr(self, name)
        return DEFAULTS[self.method][name] if value is None else value
