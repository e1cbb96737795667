"""Ways of training a small reward model that the accuracy study tries, the most important first."""

from dataclasses import dataclass, field
from typing import Any

UKP, HARMLESS, HELPFUL = "ukpconvarg1", "hh_harmless_base", "hh_helpful_base"
SETS = (HARMLESS, HELPFUL, UKP)
UKP_PAIRS = 3000
SEEDS = (0, 1, 2)
MANY_SEEDS = tuple(range(5))  # for ways that three seeds cannot tell apart
COMMON: dict[str, Any] = {
    "epochs": 1,
    "max_length_tokens": 128,
    "comparisons_per_step": 16,
    "torch_threads": 1,
    "device": "cpu",
}
TWO_FROZEN = {"frozen_layers": 2}
AS_TRL_IS_SET = {"head_learning_rate": 1e-4, "warmup_fraction": 0.0, "weight_decay": 0.0}
BY_RELIABILITY: dict[str, Any] = {"votes": "each", "reliability": "dawid-skene"}
HEAD_ALONE = {"frozen_layers": "all", "epochs": 40, "head_learning_rate": 0.01, "comparisons_per_step": 64}


@dataclass(frozen=True)
class Way:
    """A way of training.

    Args:
        name: what the report calls it.
        settings: of TrainConfig, beside those that all share.
        votes: what becomes of several judgments on one comparison.
        trainer: "plumbline" or "trl".
        sets: where it is tried.
        seeds: how often.
        seeds_of_ukp: how often on ukpconvarg1, if more often there.
        share: of the training comparisons that are used.
        takes_all: of ukpconvarg1 too, of which others take 3,000.
        reliability: how annotators are weighted, if at all.
        starts_from: other sets that the backbone is trained on first.
    """

    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    votes: str = "majority"
    trainer: str = "plumbline"
    sets: tuple[str, ...] = SETS
    seeds: tuple[int, ...] = SEEDS
    seeds_of_ukp: tuple[int, ...] | None = None
    share: float = 1.0
    takes_all: bool = False
    reliability: str | None = None
    starts_from: bool = False

    def seeds_on(self, dataset: str) -> tuple[int, ...]:
        """The seeds that it is tried with on a set."""
        return self.seeds_of_ukp if dataset == UKP and self.seeds_of_ukp else self.seeds

    @property
    def learns_from_the_same(self) -> bool:
        """The comparisons that most ways learn from, no more and no fewer."""
        return self.share == 1.0 and not self.takes_all and not self.starts_from


WAYS = (
    Way("fine-tuned, all layers", seeds_of_ukp=MANY_SEEDS),
    Way("TRL's RewardTrainer", trainer="trl", seeds_of_ukp=MANY_SEEDS),
    Way("fine-tuned, twice the rate", {"learning_rate": 2e-4}, seeds=(0,)),
    Way("two layers frozen", TWO_FROZEN),
    Way("fine-tuned as TRL is set", AS_TRL_IS_SET, sets=(UKP,)),
    Way("fine-tuned, votes: share", votes="share", sets=(UKP,), seeds=MANY_SEEDS),
    Way("fine-tuned, votes: each, by reliability", **BY_RELIABILITY, sets=(UKP,), seeds=MANY_SEEDS),
    Way("fine-tuned, 10 % of the data", share=0.1),
    Way("fine-tuned, 30 % of the data", share=0.3),
    Way("fine-tuned, three members", {"members": 3}, seeds=(0,)),
    Way("fine-tuned, 256 tokens", {"max_length_tokens": 256}, sets=(HARMLESS, HELPFUL), seeds=(0,)),
    Way("fine-tuned, four epochs", {"epochs": 4, "early_stopping": 2}, sets=(HARMLESS, HELPFUL), seeds=(0,)),
    Way(
        "fine-tuned, adapters of rank 8", {"lora_rank": 8, "learning_rate": 1e-3}, sets=(HARMLESS, HELPFUL), seeds=(0,)
    ),
    Way("fine-tuned, upper two layers", {"frozen_layers": 4}, sets=(HARMLESS, HELPFUL), seeds=(0,)),
    Way("fine-tuned, weights averaged", {"averaging": "ema", "ema_decay": 0.95}),
    Way("two layers frozen, head no faster", {**TWO_FROZEN, "head_learning_rate": 1e-4}, sets=(UKP,)),
    Way("two layers frozen, half the rate", {**TWO_FROZEN, "learning_rate": 5e-5}, sets=(UKP,)),
    Way("two layers frozen, twice the rate", {**TWO_FROZEN, "learning_rate": 2e-4}, sets=(UKP,)),
    Way("two layers frozen, the last weights", {**TWO_FROZEN, "validations": 1}, sets=(UKP,)),
    Way("head alone", HEAD_ALONE, seeds=(0,)),
    Way("two layers frozen, on the other sets first", TWO_FROZEN, starts_from=True, sets=(HARMLESS, HELPFUL)),
    Way("fine-tuned, all pairs", takes_all=True, sets=(UKP,)),
)


@dataclass(frozen=True)
class Done:
    """What one training came to."""

    way: Way
    dataset: str
    seed: int
    report: dict[str, Any]
