"""What an evaluation has seen: every pair of every judgment, and the comparisons they come from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from preferences.pairs import PairRules, counts_towards_pairs, pairs_in_ranking
from preferences.records import ComparisonRecord, JudgmentRecord
from rewardmodel.core.data.texts import prompt_text, response_text
from rewardmodel.core.evaluation.scripts import script_of
from rewardmodel.core.resampling import Floats, Ints

NO_STRENGTH = -1
LONGEST_CATEGORY = 80


@dataclass(frozen=True)
class Verdict:
    """One judgment as an evaluation hears it: who, which response above which, which two tied, and by how much."""

    annotator: str
    wins: tuple[tuple[int, int], ...]
    ties: tuple[tuple[int, int], ...]
    strength: int


@dataclass(frozen=True)
class Judged:
    """A comparison with its verdicts and what the model says. rewards, lengths (characters), policies: shape (K,).

    members: of each response what each member of an ensemble says; None for a single model.
    """

    number: int
    prompt: int
    verdicts: tuple[Verdict, ...]
    rewards: tuple[float, ...]
    lengths: tuple[int, ...]
    policies: tuple[str, ...]
    prompt_length: int
    script: str
    categories: dict[str, str]
    members: tuple[tuple[float, ...] | None, ...]

    @property
    def k(self) -> int:
        return len(self.rewards)


@dataclass
class Tallies:
    """Pairs of all judgments so far, one entry a pair; `tie_…` those of pairs that a judgment left tied."""

    judged: list[Judged] = field(default_factory=list)
    comparison: list[int] = field(default_factory=list)
    better: list[int] = field(default_factory=list)
    worse: list[int] = field(default_factory=list)
    strength: list[int] = field(default_factory=list)
    tie_comparison: list[int] = field(default_factory=list)
    tie_leads: list[float] = field(default_factory=list)
    prompt_numbers: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    rows: int = 0

    def add(
        self,
        record: ComparisonRecord,
        verdicts: Sequence[Verdict],
        rewards: Sequence[float],
        members: Sequence[tuple[float, ...] | None],
    ) -> Judged:
        """Count one comparison that holds a pair."""
        number = len(self.judged)
        texts = [response_text(response.content, response.kind) for response in record.responses]
        prompt = prompt_text(record.prompt)
        judged = Judged(
            number=number,
            prompt=self.prompt_numbers.setdefault(record.prompt_hash, len(self.prompt_numbers)),
            verdicts=tuple(verdicts),
            rewards=tuple(rewards),
            lengths=tuple(map(len, texts)),
            policies=tuple(response.policy or "" for response in record.responses),
            prompt_length=len(prompt),
            script=script_of(prompt),
            categories=categories_of(record.metadata),
            members=tuple(members),
        )
        self.judged.append(judged)
        for verdict in verdicts:
            for better, worse in verdict.wins:
                self.comparison.append(number)
                self.better.append(better)
                self.worse.append(worse)
                self.strength.append(verdict.strength)
            for one, other in verdict.ties:
                self.tie_comparison.append(number)
                self.tie_leads.append(abs(rewards[one] - rewards[other]))
        return judged

    def leads(self) -> Floats:
        """Reward of the better response minus the other's, in nats, shape (P,)."""
        return self._differences(lambda judged: judged.rewards)

    def length_leads(self) -> Floats:
        """Characters of the better response minus the other's, shape (P,)."""
        return self._differences(lambda judged: judged.lengths)

    def lengths(self) -> tuple[Floats, Floats]:
        """Characters of the better and of the worse response, each of shape (P,)."""
        places = list(zip(self.comparison, self.better, self.worse, strict=True))
        better = np.array([self.judged[number].lengths[one] for number, one, _ in places], dtype=np.float64)
        worse = np.array([self.judged[number].lengths[other] for number, _, other in places], dtype=np.float64)
        return better, worse

    def prompts(self) -> Ints:
        """The prompt of each pair, shape (P,)."""
        return np.array([self.judged[number].prompt for number in self.comparison], dtype=np.int64)

    def tie_prompts(self) -> Ints:
        return np.array([self.judged[number].prompt for number in self.tie_comparison], dtype=np.int64)

    def differences_of(self, scores: Sequence[Sequence[float]]) -> Floats:
        """What other scores, a list of K for each comparison, say of each pair; shape (P,)."""
        return self._differences(lambda judged: scores[judged.number])

    def _differences(self, values: Any) -> Floats:
        return np.array(
            [
                values(self.judged[number])[better] - values(self.judged[number])[worse]
                for number, better, worse in zip(self.comparison, self.better, self.worse, strict=True)
            ],
            dtype=np.float64,
        )


def verdicts_of(record: ComparisonRecord, rules: PairRules) -> list[Verdict]:
    """What the judgments say that the rules let speak; a gold verdict stands in where nobody judged.

    Each judgment speaks for itself: what it weighs in training, and whether ties are learned from, is not asked here.
    """
    judgments = record.judgments
    if not judgments and record.gold is not None:
        judgments = (JudgmentRecord(annotator="gold", ranking=record.gold),)
    found = []
    for judgment in judgments:
        if counts_towards_pairs(judgment, rules):
            pairs = list(pairs_in_ranking(judgment.ranking, len(record.responses)))
            wins = tuple((one, other) for one, other, is_tie in pairs if not is_tie)
            ties = tuple((one, other) for one, other, is_tie in pairs if is_tie)
            strength = NO_STRENGTH if judgment.strength is None else judgment.strength
            found.append(Verdict(judgment.annotator, wins, ties, strength))
    return found


def categories_of(metadata: dict[str, Any]) -> dict[str, str]:
    """The metadata that may name what kind of prompt this is: short texts, whole numbers, yes or no."""
    return {
        key: str(value)
        for key, value in metadata.items()
        if isinstance(value, str | int) and 0 < len(str(value)) <= LONGEST_CATEGORY
    }
