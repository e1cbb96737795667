"""Whole comparisons against their pairs shuffled (Ouyang et al. 2022, arXiv:2203.02155, section 3.5), put to the test.

InstructGPT trains on all pairs of a prompt's answers at once: pairs scattered over an epoch let a model see each answer
K - 1 times and, its authors say, overfit at once. Here MiniLM learns which of two arguments on one side of a debate is
more convincing, as most of five people said, from sets of four arguments whose six pairs make one strict order. Three
ways of training differ in what shares an optimizer step and in nothing else:

- whole comparisons, four of them a step: 24 pairs, each argument read once an epoch;
- their pairs shuffled, as many a step: 24 pairs of up to 24 comparisons, as many steps of the same rate;
- their pairs shuffled, four of them a step, which is six times as many steps of the same rate.

Every pair weighs the same in all three. Held-out debates are the same ones, and all their pairs count. Rates do not
fall, so that each epoch ends as a training of that length would. Outcomes are kept as they come, so that a run can be
stopped and gone on with. Loss and accuracy after each epoch are drawn beside the results.
"""

import argparse
import json
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks import public_folder
from benchmarks.children import run_child
from benchmarks.curves import Panel, drawn
from benchmarks.outcomes import Outcomes
from benchmarks.report import RESULTS, Row, installed
from benchmarks.reward_workloads import public_comparisons
from preferences.pairs import PairRules, derive_pairs
from preferences.records import ComparisonRecord, JudgmentRecord, ResponseRecord
from preferences.snapshot import write_snapshot
from preferences.splits import SPLITS, split_of

DATASET = "ukpconvarg1"
OUTCOMES = RESULTS / "k_wise.jsonl"
QUICK_OUTCOMES = Path("var/benchmarks/k_wise.jsonl")
K = 4
COMPARISONS_PER_STEP = 4
PAIRS_OF_K = K * (K - 1) // 2
WHOLE, SHUFFLED, SMALL_STEPS = "whole comparisons", "shuffled pairs, as many a step", "shuffled pairs, 6 × the steps"
PER_STEP = {
    WHOLE: COMPARISONS_PER_STEP,
    SHUFFLED: COMPARISONS_PER_STEP * PAIRS_OF_K,
    SMALL_STEPS: COMPARISONS_PER_STEP,
}
EPOCHS = 3
SEEDS = 3
WORKERS = 2
QUICK_PROMPTS = 6
SPLIT: dict[str, Any] = {"seed": 0, "validation": 0.25, "test": 0.0}
RULES = PairRules(weight="pair")
SETTINGS: dict[str, Any] = {
    "max_length_tokens": 128, "frozen_layers": 2, "epochs": EPOCHS, "validations": EPOCHS, "schedule": "constant",
    "torch_threads": 1, "device": "cpu",
}  # fmt: skip
FIGURES = {"loss": ("loss on held-out debates", "nats"), "accuracy": ("accuracy on held-out debates", "of pairs")}
COLOURS = {WHOLE: "#1d4ed8", SHUFFLED: "#b45309", SMALL_STEPS: "#047857"}

Curves: TypeAlias = Mapping[str, Sequence[Mapping[str, Sequence[float]]]]
"""By way of training, one mapping a seed: figure → its value after each epoch."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)
    parser.add_argument("--outcomes", type=Path, default=OUTCOMES, help="where outcomes are kept and found again")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="trainings of each way")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Train all three ways with every seed, seed by seed, what has not been trained before."""
    public = public_folder.folder_of(arguments)
    versions = public_folder.versions_with(public, installed("torch", "transformers"))
    if public is None:
        return [], versions
    verdicts = verdicts_by_prompt(public_comparisons(public / DATASET))
    if arguments.quick:
        verdicts = {prompt: verdicts[prompt] for prompt in sorted(verdicts)[:QUICK_PROMPTS]}
    given = {way: [record for verdict in verdicts.values() for record in arranged(verdict, way)] for way in PER_STEP}
    outcomes = Outcomes(QUICK_OUTCOMES if arguments.quick else arguments.outcomes)
    jobs = [(way, seed) for seed in range(1 if arguments.quick else arguments.seeds) for way in given]
    with ThreadPoolExecutor(WORKERS) as pool:
        done = list(pool.map(lambda job: outcome(given[job[0]], outcomes, way=job[0], seed=job[1]), jobs))
    curves = {way: [found for job, found in zip(jobs, done, strict=True) if job[0] == way] for way in given}
    if not arguments.quick:
        (RESULTS / "k_wise.svg").write_text(chart(curves))
    return [*rows_of_counts(given[WHOLE]), *rows_of(curves)], versions


def verdicts_by_prompt(records: Iterable[ComparisonRecord]) -> dict[str, list[ComparisonRecord]]:
    """Comparisons of two by prompt hash, the better first, with one judgment: what most people said. No draws."""
    found: dict[str, list[ComparisonRecord]] = {}
    for record in records:
        for pair in derive_pairs(record, PairRules(votes="majority")):
            texts = [record.responses[place].content for place in (pair.better, pair.worse)]
            found.setdefault(record.prompt_hash, []).append(ranked(record, texts))
    return found


def ranked(record: ComparisonRecord, best_first: Sequence[str]) -> ComparisonRecord:
    """These answers to the record's prompt in one strict order."""
    judgment = JudgmentRecord("majority", tuple((place,) for place in range(len(best_first))), source="imported")
    return ComparisonRecord(
        prompt=record.prompt, responses=tuple(map(ResponseRecord, best_first)), judgments=(judgment,)
    )


def whole_comparisons(verdicts: Sequence[ComparisonRecord]) -> Iterator[ComparisonRecord]:
    """Disjoint sets of K answers to one prompt, each two of them judged, whose verdicts make one strict order.

    An order is strict if and only if the answers win 0, 1, … K - 1 times (Landau 1953, Bull. Math. Biophys. 15,
    143-148).
    """
    winners = {}
    for verdict in verdicts:
        better, worse = (response.content for response in verdict.responses)
        winners[frozenset((better, worse))] = better
    taken: set[str] = set()
    for answers in combinations(sorted({text for pair in winners for text in pair}), K):
        pairs = [frozenset(pair) for pair in combinations(answers, 2)]
        if taken.isdisjoint(answers) and all(pair in winners for pair in pairs):
            wins = Counter(winners[pair] for pair in pairs)
            best_first = sorted(answers, key=lambda text: -wins[text])
            if [wins[text] for text in best_first] == list(reversed(range(K))):
                taken.update(answers)
                yield ranked(verdicts[0], best_first)


def arranged(verdicts: Sequence[ComparisonRecord], way: str) -> Iterator[ComparisonRecord]:
    """What a way of training is given of one prompt: whole comparisons or their pairs to learn from, or if the prompt
    is held out all its verdicts."""
    if split_of(verdicts[0].prompt_hash, **SPLIT) != "train":
        yield from verdicts
    elif way == WHOLE:
        yield from whole_comparisons(verdicts)
    else:
        for record in whole_comparisons(verdicts):
            for pair in derive_pairs(record, RULES):
                yield ranked(record, [record.responses[place].content for place in (pair.better, pair.worse)])


def outcome(records: Sequence[ComparisonRecord], outcomes: Outcomes, *, way: str, seed: int) -> dict[str, list[float]]:
    """Each figure on held-out debates after each epoch, kept or new."""
    config = {**SETTINGS, "comparisons_per_step": PER_STEP[way], "seed": seed}
    named = {"way": way, "config": config, "split": SPLIT, "comparisons": len(records)}
    found = outcomes.of(named)
    if found is None:
        found = train(records, config)
        outcomes.add(named, found)
        print(f"  {way}, seed {seed}: {', '.join(f'{loss:.3f}' for loss in found['loss'])}", flush=True)
    return found


def train(records: Sequence[ComparisonRecord], config: Mapping[str, Any]) -> dict[str, list[float]]:
    with tempfile.TemporaryDirectory() as temporary:
        snapshot = Path(temporary) / "train.parquet"
        write_snapshot(records, snapshot, rules=RULES, **SPLIT)
        (Path(temporary) / "config.json").write_text(json.dumps({**config, "snapshot": str(snapshot)}))
        run_child("rewardmodel.core.train_reward", temporary)
        lines = map(json.loads, (Path(temporary) / "metrics.jsonl").read_text().splitlines())
        looks = [line for line in lines if line.get("split") == "validation"]
    assert len(looks) == EPOCHS, looks
    return {figure: [look[figure] for look in looks] for figure in FIGURES}


def rows_of_counts(records: Sequence[ComparisonRecord]) -> Iterator[Row]:
    for split in SPLITS[:2]:
        here = [record for record in records if split_of(record.prompt_hash, **SPLIT) == split]
        pairs = sum(len(derive_pairs(record, RULES)) for record in here)
        yield Row(
            f"{DATASET}; sides of debates, {split}", "all ways", None, len({r.prompt_hash for r in here}), "sides"
        )
        yield Row(f"{DATASET}; pairs, {split}", "all ways", None, pairs, "pairs")


def rows_of(curves: Curves) -> Iterator[Row]:
    """The mean over seeds after each epoch, with the least and the most, beside that of whole comparisons."""
    for figure, (named, unit) in FIGURES.items():
        for way in curves:
            for epoch in range(EPOCHS):
                values, theirs = ([run[figure][epoch] for run in curves[which]] for which in (way, WHOLE))
                value, peer = statistics.mean(values), None if way == WHOLE else WHOLE
                ratio = value / statistics.mean(theirs) if peer else None
                name = f"{DATASET}; {named} after epoch {epoch + 1}"
                yield Row(name, way, peer, value, unit, ratio, min(values), max(values))


def chart(curves: Curves) -> str:
    """Loss and accuracy side by side."""
    seeds = len(curves[WHOLE])
    panels = [
        Panel(
            f"{named}, {unit}",
            {way: [run[figure] for run in runs] for way, runs in curves.items()},
            [str(epoch + 1) for epoch in range(EPOCHS)],
            "epoch",
            mark,
        )
        for (figure, (named, unit)), mark in zip(FIGURES.items(), ((0.693, "log 2"), None), strict=True)
    ]
    return drawn(panels, COLOURS, title=f"{DATASET}: mean (line) and range (band) of {seeds} seed{'s' * (seeds > 1)}")
