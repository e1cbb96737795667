"""What text alone gives away: simple scorers on the same pairs, which a neural model must beat to earn its keep."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from preferences.pairs import PairRules
from rewardmodel.core.data.texts import response_text
from rewardmodel.core.data.training_set import HasRecord
from rewardmodel.core.evaluation.bag_of_words import BagOfWords, fit_bag_of_words
from rewardmodel.core.evaluation.figures import figure, reason_against, undefined
from rewardmodel.core.evaluation.tallies import Tallies, verdicts_of
from rewardmodel.core.metrics import pairwise_correct
from rewardmodel.core.resampling import Floats, Resampling

FEWEST_PAIRS = 50
MOST_PAIRS = 40_000
MOST_CHARACTERS = 30_000_000
NOT_KNOWN = "no train split is known to learn words from"
TOO_FEW_TO_LEARN = f"fewer than {FEWEST_PAIRS} pairs to learn words from"


@dataclass(frozen=True)
class LearnedFrom:
    """Comparisons that words may be learned from, and whether they are what the model itself learned from."""

    rows: Iterable[HasRecord]
    is_the_models: bool


@dataclass(frozen=True)
class Words:
    """A bag of words with where it comes from, or the reason why there is none.

    prompts: hashes of the prompts that the model itself learned from; empty where these are not known.
    """

    model: BagOfWords | None
    reason: str = ""
    is_the_models: bool = False
    prompts: frozenset[str] = field(default_factory=frozenset)


def learn_words(learned_from: LearnedFrom | None, rules: PairRules) -> Words:
    """Fit a bag of words to the judgments of a train split: each pair of responses that a judgment decides.

    At most 40,000 pairs or 30 million characters are read, the first in the order of the file.
    """
    if learned_from is None:
        return Words(None, NOT_KNOWN)
    texts: list[str] = []
    better: list[int] = []
    worse: list[int] = []
    prompts: set[str] = set()
    characters = 0
    for row in learned_from.rows:
        record = row.record
        if record.kind != "comparison" or any(response.kind == "picture" for response in record.responses):
            continue
        wins = [win for verdict in verdicts_of(record, rules) for win in verdict.wins]
        if not wins:
            continue
        prompts.add(record.prompt_hash)
        if len(better) < MOST_PAIRS and characters < MOST_CHARACTERS:
            better += [len(texts) + one for one, _ in wins]
            worse += [len(texts) + other for _, other in wins]
            texts += [response_text(response.content, response.kind) for response in record.responses]
            characters += sum(len(response.content) for response in record.responses)
    known = frozenset(prompts) if learned_from.is_the_models else frozenset()
    if len(better) < FEWEST_PAIRS:
        return Words(None, TOO_FEW_TO_LEARN, learned_from.is_the_models, known)
    model = fit_bag_of_words(texts, np.array(better), np.array(worse))
    return Words(model, "", learned_from.is_the_models, known)


def floor_figures(
    tallies: Tallies, leads: Floats, word_scores: list[list[float]], words: Words, resampling: Resampling
) -> list[dict[str, Any]]:
    """Each floor's accuracy, and by how much the model's is above it on the same pairs (paired bootstrap).

    Where the better answer is often the shorter one, the longer one is below chance; so chance is a floor as well.

    Args: word_scores: what the bag of words gives each response of each comparison; empty without one.
    """
    longer: dict[str, Any] = {"name": "longer", **_beside(tallies.length_leads(), leads, resampling)}
    chance: dict[str, Any] = {"name": "chance", **_beside(np.zeros_like(leads), leads, resampling)}
    if words.model is None:
        absent = undefined(words.reason)
        return [longer, {"name": "words", "accuracy": absent, "difference": absent}, chance]
    beside = _beside(tallies.differences_of(word_scores), leads, resampling)
    learned = {"pairs": words.model.pairs, "words": len(words.model.vocabulary), "is_the_models": words.is_the_models}
    return [longer, {"name": "words", **beside, "learned_from": learned}, chance]


def _beside(floor_leads: Floats, leads: Floats, resampling: Resampling) -> dict[str, Any]:
    """The floor is told wherever the model's accuracy is, however few the pairs; the difference waits for enough."""
    floor, model = pairwise_correct(floor_leads), pairwise_correct(leads)
    prompts = resampling.prompts_among(np.ones(len(floor), dtype=bool))
    cases = {"n": len(floor), "prompts": prompts}
    reason = reason_against(**cases)
    difference = undefined(reason, **cases) if reason else figure(resampling.difference(model, floor), **cases)
    return {"accuracy": figure(resampling.share(floor), **cases), "difference": difference}


def has_earned_its_keep(floors: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Whether the model is better than what text alone gives away.

    Returns: {"verdict", "against": the strongest floor}: "earned" where the model is above every floor that is known,
        95 % sure of each; "below" where it is surely worse than one; "not shown" in between; "unknown" for too few
        pairs.
    """
    known = [floor for floor in floors if floor["difference"]["value"] is not None]
    if not known:
        return {"verdict": "unknown", "against": None}
    strongest = max(known, key=lambda floor: floor["accuracy"]["value"])
    if any(floor["difference"]["high"] < 0 for floor in known):
        verdict = "below"
    else:
        verdict = "earned" if all(floor["difference"]["low"] > 0 for floor in known) else "not shown"
    return {"verdict": verdict, "against": strongest["name"]}
