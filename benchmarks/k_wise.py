"""Whole comparisons against their pairs shuffled (Ouyang et al. 2022, arXiv:2203.02155, section 3.5), put to the test.

InstructGPT trains on all pairs of a prompt's answers at once, because pairs scattered over an epoch let a model see
each answer K - 1 times and, its authors say, overfit at once. Here MiniLM is trained both ways on the same prompts: K =
4 answers of a question, their pairs as people chose them, in the same number of optimizer steps with about as many
pairs in each, for several epochs at a learning rate that does not fall. The loss on held-out prompts is told after each
epoch, and drawn beside the results.
"""

import argparse
import html
import json
import statistics
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks import public_folder
from benchmarks.children import run_child
from benchmarks.report import RESULTS, Row, installed
from benchmarks.reward_workloads import public_comparisons
from preferences.pairs import PairRules, derive_pairs
from preferences.records import ComparisonRecord, JudgmentRecord
from preferences.snapshot import write_snapshot

DATASET = "qa_feedback_k4"
WHOLE, SHUFFLED = "whole comparisons", "shuffled pairs"
EPOCHS = 5
SEEDS = (0, 1, 2)
PROMPTS = 300
COMPARISONS_PER_STEP = 4
PAIRS_OF_FOUR = 6
VALIDATION = 0.25
SETTINGS = {
    "max_length_tokens": 192, "epochs": EPOCHS, "validations": EPOCHS, "schedule": "constant", "frozen_layers": 0,
    "torch_threads": 1, "device": "cpu",
}  # fmt: skip

WIDTH, HEIGHT, LEFT, TOP = 640, 320, 60, 24
COLOURS = {WHOLE: "#1d4ed8", SHUFFLED: "#b45309"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)
    parser.add_argument("--prompts", type=int, default=PROMPTS)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Train both ways with every seed."""
    public = public_folder.folder_of(arguments)
    versions = public_folder.versions_with(public, installed("torch", "transformers"))
    if public is None:
        return [], versions
    records = sorted(public_comparisons(public / DATASET), key=lambda record: record.comparison_hash)
    records = [record for record in records if derive_pairs(record, PairRules())]
    records = records[: 40 if arguments.quick else arguments.prompts]
    losses: dict[str, list[list[float]]] = {WHOLE: [], SHUFFLED: []}
    for seed in (0,) if arguments.quick else SEEDS:
        for way, read, per_step in (
            (WHOLE, records, COMPARISONS_PER_STEP),
            (SHUFFLED, list(pairs_of(records)), COMPARISONS_PER_STEP * PAIRS_OF_FOUR),
        ):
            losses[way].append(train(read, comparisons_per_step=per_step, seed=seed))
            print(f"  {way}, seed {seed}: {', '.join(f'{loss:.3f}' for loss in losses[way][-1])}", flush=True)
    if not arguments.quick:
        (RESULTS / "k_wise.svg").write_text(drawn(losses))
    return list(rows_of(losses)), versions


def pairs_of(records: Sequence[ComparisonRecord]) -> Iterator[ComparisonRecord]:
    """Each pair that a comparison makes as a comparison of two."""
    for record in records:
        for pair in derive_pairs(record, PairRules()):
            judgment = JudgmentRecord(annotator="pair", ranking=((0,), (1,)), source="imported")
            both = (record.responses[pair.better], record.responses[pair.worse])
            yield ComparisonRecord(prompt=record.prompt, responses=both, judgments=(judgment,))


def train(records: Sequence[ComparisonRecord], *, comparisons_per_step: int, seed: int) -> list[float]:
    """The validation loss after each epoch, in nats."""
    with tempfile.TemporaryDirectory() as temporary:
        snapshot = Path(temporary) / "train.parquet"
        write_snapshot(records, snapshot, validation=VALIDATION, test=0)
        config: dict[str, Any] = {
            **SETTINGS, "snapshot": str(snapshot), "comparisons_per_step": comparisons_per_step, "seed": seed,
        }  # fmt: skip
        (Path(temporary) / "config.json").write_text(json.dumps(config))
        run_child("rewardmodel.core.train_reward", temporary)
        lines = map(json.loads, (Path(temporary) / "metrics.jsonl").read_text().splitlines())
        found = [line["loss"] for line in lines if line.get("split") == "validation"]
    assert len(found) == EPOCHS, found
    return found


def rows_of(losses: dict[str, list[list[float]]]) -> Iterator[Row]:
    """The mean over seeds after each epoch, with the least and the most."""
    for way, runs in losses.items():
        for epoch, values in enumerate(zip(*runs, strict=True), start=1):
            peer = None if way == SHUFFLED else statistics.mean(run[epoch - 1] for run in losses[SHUFFLED])
            value = statistics.mean(values)
            beside = (SHUFFLED, value / peer) if peer else (None, None)
            name = f"{DATASET}; validation loss after epoch {epoch}"
            yield Row(name, way, beside[0], value, "nats", beside[1], min(values), max(values))


def drawn(losses: dict[str, list[list[float]]]) -> str:
    """A line of means and a band of extremes for each way, as SVG."""
    values = [value for runs in losses.values() for run in runs for value in run]
    low, high = min(values) - 0.01, max(values) + 0.01

    def place(epoch: int, value: float) -> str:
        x = LEFT + (epoch - 1) / (EPOCHS - 1) * (WIDTH - 2 * LEFT)
        y = TOP + (high - value) / (high - low) * (HEIGHT - 3 * TOP)
        return f"{x:.1f},{y:.1f}"

    parts = []
    for number, (way, runs) in enumerate(losses.items()):
        each = list(enumerate(zip(*runs, strict=True), start=1))
        band = [place(epoch, max(found)) for epoch, found in each]
        band += [place(epoch, min(found)) for epoch, found in reversed(each)]
        line = " ".join(place(epoch, statistics.mean(found)) for epoch, found in each)
        colour, y = COLOURS[way], TOP + 16 * number
        parts += [
            f'<polygon points="{" ".join(band)}" fill="{colour}" fill-opacity="0.15"/>',
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>',
            f'<text x="{WIDTH - LEFT}" y="{y}" fill="{colour}" text-anchor="end">{html.escape(way)}</text>',
        ]
    for epoch in range(1, EPOCHS + 1):
        x = place(epoch, low).partition(",")[0]
        parts.append(f'<text x="{x}" y="{HEIGHT - TOP}" text-anchor="middle">{epoch}</text>')
    for value in (low + 0.01, high - 0.01):
        y = place(1, value).partition(",")[2]
        parts.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{value:.2f}</text>')
    title = f"Loss on held-out prompts of {DATASET} by epoch, in nats: mean and range over {len(losses[WHOLE])} seeds"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-family="sans-serif" '
        f'font-size="12"><title>{title}</title><rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{LEFT}" y="{HEIGHT - 6}" fill="#444">{title}</text>{"".join(parts)}</svg>\n'
    )
