"""What the accuracy study tells: a row for each way of training on each set, and curves over the amount of data."""

import math
import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from scipy.stats import t as student

from benchmarks.curves import Panel, drawn
from benchmarks.report import Row
from benchmarks.reward_accuracy_ways import SEEDS, SETS, WAYS, Done

AMOUNTS = {
    "fine-tuned, 10 % of the data": "10 %",
    "fine-tuned, 30 % of the data": "30 %",
    "fine-tuned, all layers": "100 %",
}
TUNED, WORDS, LONGER = "fine-tuned MiniLM", "words and length", "the longer answer"
COLOURS = {TUNED: "#1d4ed8", WORDS: "#b45309"}


def rows_of(found: list[Done]) -> Iterator[Row]:
    """Accuracy and calibration error of each way on each set, and the floors that words and length set."""
    for dataset in SETS:
        here = [done for done in found if done.dataset == dataset]
        if not here:
            continue
        peers = {done.seed: done.report["accuracy"] for done in here if done.way.trainer == "trl"}
        for floor in here[0].report["floors"]:
            if floor["accuracy"]["value"] is not None:
                yield _row(f"{dataset}; accuracy", floor["name"], [floor["accuracy"]["value"]], None)
        agreement = judged_of(here[0].report)["people"]["agreement"]["value"]
        if agreement is not None:
            yield _row(f"{dataset}; two people agree", "people", [agreement], None)
        for way in WAYS:
            trained = [done for done in here if done.way == way]
            if not trained:
                continue
            reports = [done.report for done in trained]
            accuracies = {done.seed: done.report["accuracy"] for done in trained}
            is_beside = way.learns_from_the_same and way.trainer != "trl"
            shared = [seed for seed in accuracies if seed in peers] if is_beside else []
            beside = statistics.mean(peers[seed] for seed in shared) if shared else None
            yield _row(f"{dataset}; accuracy", way.name, list(accuracies.values()), beside)
            if len(shared) > 1:
                yield _difference(dataset, way.name, [accuracies[seed] - peers[seed] for seed in shared])
            judged = [judged_of(report) for report in reports]
            yield _row(f"{dataset}; log loss", way.name, [report["log_loss"] for report in judged], None, "nats")
            yield _row(f"{dataset}; calibration error", way.name, [report["ece"] for report in judged], None)
            people = [report["people"].get("beside_one_person", {}) for report in judged]
            beaten = [told["people_beaten"] / told["people"] for told in people if told.get("people")]
            if beaten:
                yield _row(f"{dataset}; annotators that it is better than", way.name, beaten, None, "of annotators")


def judged_of(report: dict[str, Any]) -> dict[str, Any]:
    """The evaluation over single judgments: one of its own where accuracy is against gold labels."""
    return dict(report.get("judged", report))


def _row(name: str, subject: str, values: list[float], peer: float | None, unit: str = "of pairs") -> Row:
    value = statistics.mean(values)
    beside = ("TRL's RewardTrainer", value / peer) if peer else (None, None)
    return Row(name, subject, beside[0], value, unit, beside[1], min(values), max(values))


def _difference(dataset: str, subject: str, by_seed: list[float]) -> Row:
    """The mean difference from TRL at the same seeds with its 95 % interval over seeds, by Student's t."""
    mean = statistics.mean(by_seed)
    error = statistics.stdev(by_seed) / math.sqrt(len(by_seed))
    half = float(student.ppf(0.975, len(by_seed) - 1)) * error
    return Row(f"{dataset}; accuracy above TRL's", subject, None, mean, "of pairs", None, mean - half, mean + half)


def chart(found: Sequence[Done]) -> str | None:
    """Accuracy over the amount of training pairs, of fine-tuning and of words; None before all has been trained."""
    reports = {(done.way.name, done.dataset, done.seed): done.report for done in found}
    if any((way, dataset, seed) not in reports for way in AMOUNTS for dataset in SETS for seed in SEEDS):
        return None
    panels = []
    for dataset in SETS:
        runs = [[reports[way, dataset, seed] for way in AMOUNTS] for seed in SEEDS]
        panels.append(
            Panel(
                f"{dataset}, accuracy",
                {
                    TUNED: [[report["accuracy"] for report in run] for run in runs],
                    WORDS: [[floor_of(report, "words") for report in run] for run in runs],
                },
                list(AMOUNTS.values()),
                "of the training pairs",
                (floor_of(runs[0][0], "longer"), LONGER),
            )
        )
    return drawn(panels, COLOURS, title=f"Mean (line) and range (band) of {len(SEEDS)} seeds")


def floor_of(report: dict[str, Any], name: str) -> float:
    return next(float(floor["accuracy"]["value"]) for floor in report["floors"] if floor["name"] == name)
