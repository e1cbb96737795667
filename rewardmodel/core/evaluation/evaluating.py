"""One evaluation: score every comparison once, then ask everything of what was seen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from preferences.pairs import PairRules
from preferences.ratings import derive_ratings
from preferences.records import ComparisonRecord
from rewardmodel.core.data.texts import response_text
from rewardmodel.core.data.training_set import REFUSED, HasRecord, texts_of
from rewardmodel.core.errors import RefusedConversation
from rewardmodel.core.evaluation.attributes import Ratings, attribute_figures
from rewardmodel.core.evaluation.calibration import calibration_figures, expected_calibration_error
from rewardmodel.core.evaluation.disagreements import Disagreements
from rewardmodel.core.evaluation.floors import LearnedFrom, Words, floor_figures, has_earned_its_keep, learn_words
from rewardmodel.core.evaluation.length import length_figures
from rewardmodel.core.evaluation.outcomes_file import Outcomes, digest_of_pairs
from rewardmodel.core.evaluation.people import agreement_figure, beside_one_person
from rewardmodel.core.evaluation.rankings import ranking_figures
from rewardmodel.core.evaluation.rewardbench import Scores
from rewardmodel.core.evaluation.slices import slices
from rewardmodel.core.evaluation.tallies import Tallies, Verdict, verdicts_of
from rewardmodel.core.evaluation.ties import three_way_figures
from rewardmodel.core.metrics import log_loss, pair_brier, pairwise_correct
from rewardmodel.core.resampling import Floats, Resampling
from rewardmodel.core.scorer import RewardScorer, ScoreItem

COMPARISONS_AT_ONCE = 256
HISTOGRAM_BINS = 20
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
NOTHING = ("accuracy", "accuracy_low", "accuracy_high", "log_loss", "brier", "ece", "agreement")
NO_PAIR = "no pair that a person decided"


@dataclass
class Seen:
    """What passed by.

    word_scores: the bag of words' scores of each comparison. hashes: of the comparisons. known_prompts: hashes of the
    prompts that the model learned from. ratings: beside what attribute heads predict of them.
    """

    tallies: Tallies = field(default_factory=Tallies)
    disagreements: Disagreements = field(default_factory=Disagreements)
    word_scores: list[list[float]] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)
    known_prompts: set[str] = field(default_factory=set)
    ratings: Ratings = field(default_factory=Ratings)


def evaluate_rows(
    rows: Iterable[HasRecord],
    scorer: RewardScorer,
    *,
    rules: PairRules | None = None,
    seed: int = 0,
    learned_from: LearnedFrom | None = None,
    category: str = "",
    benchmark: Scores | None = None,
    outcomes: Path | None = None,
) -> dict[str, Any]:
    """Compare rewards with verdicts, one pair for each judgment that prefers one response to another.

    Args:
        rows: comparisons with judgments; a gold verdict stands in where nobody judged.
        scorer: the model in question.
        rules: which judgments speak; ties are counted apart, and weights play no part.
        seed: draws the bootstrap.
        learned_from: the train split, for the floor that learns words.
        category: the metadata to slice by; by default the one that most looks like a kind of prompt.
        benchmark: collects a benchmark's own scores; its rows must be of that benchmark.
        outcomes: where to keep which pairs were right.

    Returns: accuracy with its 95 % interval over prompts, log_loss, brier and ece after calibration; `calibration`,
        `reliability`, `floors` and whether the model has earned its keep, `agreement` and `people`, `three_way`,
        `slices`, `length`, `margins`, `rankings`, `disagreements`; counts of what was read and left out; for a model
        with attribute heads `attributes`, which asks of ratings and needs no pair.
        A figure is {"value", "low", "high", "n", "prompts"}, or {"value": None, "reason"}: never a NaN.
        Without any pair, figures are None and pairs is 0.
    """
    rules = rules or PairRules()
    words = learn_words(learned_from, rules)
    seen = Seen()
    iterator = iter(rows)
    while chunk := list(islice(iterator, COMPARISONS_AT_ONCE)):
        look_at(chunk, scorer, seen, rules=rules, words=words, benchmark=benchmark)
    report = _figures(seen, words, temperature=scorer.card.temperature, seed=seed, category=category, file=outcomes)
    if scorer.card.attributes:
        report["attributes"] = attribute_figures(seen.ratings, scorer.card.attributes, seed=seed)
    return report if benchmark is None else {**report, "benchmark": benchmark.figures(seed=seed)}


def found_anything(report: Mapping[str, Any]) -> bool:
    """Whether there was something to hold the model against: a pair, or a rating of an attribute that has a head."""
    return bool(report["pairs"]) or any(one["rmse"]["n"] for one in report.get("attributes", ()))


def look_at(
    chunk: Sequence[HasRecord],
    scorer: RewardScorer,
    seen: Seen,
    *,
    rules: PairRules,
    words: Words,
    benchmark: Scores | None,
) -> None:
    """Score one part of the rows, and note everything that is asked of it later."""
    tallies = seen.tallies
    tallies.rows += len(chunk)
    heard = list(_heard(chunk, rules, tallies, hears_ratings=bool(scorer.card.attributes)))
    try:
        rewards = iter(scorer.score(_items(heard)))
    except RefusedConversation:
        read = [one for one in heard if not scorer.refuses(_items([one]))]
        tallies.left_out[REFUSED] += len(heard) - len(read)
        heard, rewards = read, iter(scorer.score(_items(read)))
    for record, verdicts in heard:
        found = list(islice(rewards, len(record.responses)))
        if scorer.card.attributes:
            seen.ratings.add(record, rules, [reward.attributes or {} for reward in found])
        if not verdicts:
            continue
        values = [reward.reward for reward in found]
        judged = tallies.add(record, verdicts, values, [reward.members for reward in found])
        seen.disagreements.look_at(record, judged)
        seen.hashes.append(record.comparison_hash)
        if record.prompt_hash in words.prompts:
            seen.known_prompts.add(record.prompt_hash)
        if words.model is not None:
            texts = [response_text(response.content, response.kind) for response in record.responses]
            seen.word_scores.append(words.model.scores(texts))
        if benchmark is not None:
            benchmark.add(record, values)


def _items(heard: Iterable[tuple[ComparisonRecord, list[Verdict]]]) -> list[ScoreItem]:
    return [ScoreItem(prompt, text) for record, _ in heard for prompt, text in texts_of(record)]


def _heard(
    chunk: Sequence[HasRecord], rules: PairRules, tallies: Tallies, *, hears_ratings: bool
) -> Iterator[tuple[ComparisonRecord, list[Verdict]]]:
    """Comparisons with a pair and what was said of them; where ratings are heard, also those that have nothing else."""
    for row in chunk:
        record = row.record
        if record.kind != "comparison":
            tallies.left_out["a demonstration instead of a comparison"] += 1
        elif any(response.kind == "picture" for response in record.responses):
            tallies.left_out["pictures, which this model cannot read"] += 1
        else:
            verdicts = verdicts_of(record, rules)
            if any(verdict.wins or verdict.ties for verdict in verdicts):
                yield record, verdicts
                continue
            tallies.left_out["no judgment with a pair"] += 1
            if hears_ratings and derive_ratings(record, rules):
                yield record, []


def _figures(
    seen: Seen, words: Words, *, temperature: float, seed: int, category: str, file: Path | None
) -> dict[str, Any]:
    tallies = seen.tallies
    counts: dict[str, Any] = {
        "rows": tallies.rows,
        "comparisons": len(tallies.judged),
        "prompts": len(tallies.prompt_numbers),
        "pairs": len(tallies.comparison),
        "ties": len(tallies.tie_comparison),
        "left_out": dict(tallies.left_out),
        "prompts_learned_from": len(seen.known_prompts) if words.prompts else None,
    }
    if not tallies.comparison:
        nothing: dict[str, Any] = {"baselines": {}, "reliability": [], "disagreements": [], "floors": [], "slices": []}
        return {**dict.fromkeys(NOTHING), **counts, **nothing, "reason": NO_PAIR}
    leads, prompts = tallies.leads(), tallies.prompts()
    correct = pairwise_correct(leads)
    resampling = Resampling(prompts, seed=seed)
    accuracy = resampling.share(correct)
    calibration = calibration_figures(leads, resampling, temperature=temperature, seed=seed)
    floors = floor_figures(tallies, leads, seen.word_scores, words, resampling)
    agreement = agreement_figure(tallies.judged, seed=seed)
    places = zip(tallies.comparison, tallies.better, tallies.worse, strict=True)
    pairs_sha256 = digest_of_pairs([(seen.hashes[number], better, worse) for number, better, worse in places])
    if file is not None:
        Outcomes(pairs_sha256, prompts, correct).write(file)
    return {
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        **counts,
        "pairs_sha256": pairs_sha256,
        "log_loss": log_loss(leads, temperature=temperature),
        "brier": float(pair_brier(leads, temperature=temperature).mean()),
        "ece": expected_calibration_error(leads, temperature=temperature),
        "reliability": calibration.pop("reliability"),
        "calibration": calibration,
        "baselines": {"longer": float(pairwise_correct(tallies.length_leads()).mean()), "random": 0.5},
        "floors": floors,
        "earned": has_earned_its_keep(floors),
        "agreement": agreement["value"],
        "people": {"agreement": agreement, "beside_one_person": beside_one_person(tallies.judged, seed=seed)},
        "three_way": three_way_figures(
            leads, prompts, np.array(tallies.tie_leads, dtype=np.float64), tallies.tie_prompts(), seed=seed
        ),
        "slices": slices(tallies, correct, resampling, category=category),
        "length": length_figures(tallies, leads, resampling, seed=seed),
        "margins": margin_figures(leads),
        "rankings": ranking_figures(tallies.judged, seed=seed),
        "disagreements": seen.disagreements.worst(),
    }


def margin_figures(leads: Floats) -> dict[str, Any]:
    """How the leads are spread, in nats: mean, standard deviation, five quantiles, and counts in twenty equal bins.

    The bins reach from the 0.5 % to the 99.5 % quantile; what lies beyond is counted in the outermost.
    """
    low, high = np.quantile(leads, (0.005, 0.995))
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(np.clip(leads, low, high), bins=HISTOGRAM_BINS, range=(float(low), float(high)))
    return {
        "mean": float(leads.mean()),
        "std": float(leads.std()),
        "quantiles": dict(zip(map(str, QUANTILES), np.quantile(leads, QUANTILES).tolist(), strict=True)),
        "edges": edges.tolist(),
        "counts": counts.tolist(),
    }
