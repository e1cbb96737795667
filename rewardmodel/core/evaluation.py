"""What a reward model is worth on comparisons it has not learned from."""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np

from preferences.pairs import Pair, PairRules, derive_pairs
from preferences.records import ComparisonRecord, JudgmentRecord
from rewardmodel.core.data import HasRecord, texts_of
from rewardmodel.core.metrics import (
    accuracy_interval,
    agreement,
    calibration,
    log_loss,
    pairwise_correct,
    vote_counts,
)
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from rewardmodel.core.texts import prompt_text

COMPARISONS_AT_ONCE = 256
DISAGREEMENTS_SHOWN = 20
EXCERPT_CHARACTERS = 300


@dataclass
class Tallies:
    """Figures of all pairs seen so far; lists of shape (P,)."""

    leads: list[float] = field(default_factory=list)
    length_leads: list[float] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)
    prompt_numbers: dict[str, int] = field(default_factory=dict)
    votes: list[Counter[tuple[int, int]]] = field(default_factory=list)
    worst: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    comparisons: int = 0
    ties: int = 0


def evaluate_rows(
    rows: Iterable[HasRecord], scorer: RewardScorer, *, rules: PairRules | None = None, seed: int = 0
) -> dict[str, Any]:
    """Compare rewards with verdicts, one pair for each judgment that prefers one response to another.

    Args:
        rows: comparisons with judgments; a gold verdict stands in where nobody judged.
        scorer: the model in question.
        rules: which judgments speak; ties are counted but have no right order.
        seed: draws the bootstrap.

    Returns: accuracy with its 95 % interval over prompts, log_loss and ece after calibration, baselines, agreement
        between people, bins of the reliability diagram, and the pairs where model and person disagree most.
        Without any pair, figures are None and pairs is 0.
    """
    rules = replace(rules or PairRules(), ties="half", weight="pair", margin="none")
    tallies = Tallies()
    iterator = iter(rows)
    while chunk := list(islice(iterator, COMPARISONS_AT_ONCE)):
        tallies.rows += len(chunk)
        judged = [entry for row in chunk if (entry := _judged(row.record, rules, tallies.left_out))]
        items = [ScoreItem(prompt, text) for record, _ in judged for prompt, text in texts_of(record)]
        rewards = iter([reward.reward for reward in scorer.score(items)])
        for record, pairs in judged:
            _count(tallies, record, pairs, list(islice(rewards, len(record.responses))))
    return _figures(tallies, temperature=scorer.card.temperature, seed=seed)


def _judged(
    record: ComparisonRecord, rules: PairRules, left_out: Counter[str]
) -> tuple[ComparisonRecord, list[Pair]] | None:
    if record.kind != "comparison":
        left_out["a demonstration instead of a comparison"] += 1
    elif any(response.kind == "picture" for response in record.responses):
        left_out["pictures, which this model cannot read"] += 1
    else:
        if not record.judgments and record.gold is not None:
            record = replace(record, judgments=(JudgmentRecord(annotator="gold", ranking=record.gold),))
        pairs = derive_pairs(record, rules)
        if pairs:
            return record, pairs
        left_out["no judgment with a pair"] += 1
    return None


def _count(tallies: Tallies, record: ComparisonRecord, pairs: Sequence[Pair], rewards: Sequence[float]) -> None:
    strict = [pair for pair in pairs if pair.target > 0.5]
    tallies.comparisons += 1
    tallies.ties += len(pairs) - len(strict)
    tallies.votes.append(vote_counts(strict))
    number = tallies.prompt_numbers.setdefault(record.prompt_hash, len(tallies.prompt_numbers))
    for pair in strict:
        lead = rewards[pair.better] - rewards[pair.worse]
        tallies.leads.append(lead)
        tallies.length_leads.append(
            float(len(record.responses[pair.better].content) - len(record.responses[pair.worse].content))
        )
        tallies.prompts.append(number)
    for better, worse in tallies.votes[-1]:
        lead = rewards[better] - rewards[worse]
        if lead < 0:
            entry = (-lead, len(tallies.leads) * 1000 + better, _disagreement(record, better, worse, rewards))
            entry[2]["agreeing"] = tallies.votes[-1][better, worse]
            entry[2]["judgments"] = tallies.votes[-1][better, worse] + tallies.votes[-1][worse, better]
            keep = heapq.heappush if len(tallies.worst) < DISAGREEMENTS_SHOWN else heapq.heappushpop
            keep(tallies.worst, entry)


def _disagreement(record: ComparisonRecord, better: int, worse: int, rewards: Sequence[float]) -> dict[str, Any]:
    return {
        "comparison": record.comparison_hash,
        "prompt": prompt_text(record.prompt)[-EXCERPT_CHARACTERS:],
        "better": record.responses[better].content[:EXCERPT_CHARACTERS],
        "worse": record.responses[worse].content[:EXCERPT_CHARACTERS],
        "reward_better": rewards[better],
        "reward_worse": rewards[worse],
    }


def _figures(tallies: Tallies, *, temperature: float, seed: int) -> dict[str, Any]:
    counts: dict[str, Any] = {
        "rows": tallies.rows,
        "comparisons": tallies.comparisons,
        "prompts": len(tallies.prompt_numbers),
        "pairs": len(tallies.leads),
        "ties": tallies.ties,
        "left_out": dict(tallies.left_out),
    }
    if not tallies.leads:
        names = ("accuracy", "accuracy_low", "accuracy_high", "log_loss", "ece", "agreement")
        return {**dict.fromkeys(names), **counts, "baselines": {}, "reliability": [], "disagreements": []}
    leads = np.array(tallies.leads)
    accuracy = accuracy_interval(pairwise_correct(leads), np.array(tallies.prompts), seed=seed)
    ece, bins = calibration(leads, temperature=temperature)
    return {
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        **counts,
        "log_loss": log_loss(leads, temperature=temperature),
        "ece": ece,
        "baselines": {"longer": float(pairwise_correct(np.array(tallies.length_leads)).mean()), "random": 0.5},
        "agreement": agreement(tallies.votes),
        "reliability": [asdict(bin_) for bin_ in bins],
        "disagreements": [entry for _, _, entry in sorted(tallies.worst, key=lambda item: -item[0])],
    }
