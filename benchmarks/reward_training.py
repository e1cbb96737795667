"""Reward-model training beside TRL's RewardTrainer: comparisons a second, on the same texts, pairs and steps.

Comparisons of K answers have real lengths: public data where its folder is named, the demo's otherwise. Both train all
layers of one backbone in fp32 on the CPU (bf16 on CUDA), on token ids made by the same tokenizer and template, by the
same optimizer and schedule, in the same number of steps; every pair of a comparison counts in both. TRL reads a
comparison as K(K-1)/2 rows of two texts, Plumbline as K texts. Only training steps are timed: no imports, loading,
tokenizing or saving, nor the first step, in which kernels are loaded, chosen and compiled. Subjects take turns, and
each row is the median over the rounds.

TRL runs as it comes (pairs in random order, gradient checkpointing on) and tuned: no checkpointing, and our own steps
in our own order, the pairs of a step sorted by length so that batches hold little padding. Tuned TRL and Plumbline must
then see the same loss at every step; the run fails where they differ by more than a thousandth of a nat (on CUDA, where
bf16 rounds, by five hundredths). As it comes, TRL visits the pairs in another order, and the mean over its run is told.
Plumbline may be compiled besides, as a subject of its own.

Utilisation is useful work over time over the rate of a matrix product measured in the same run, one of the backbone's
own shapes: 6 operations for each weight outside the embeddings and each token, and attention's, counting a token once
however often a way of training computes it.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks import public_folder
from benchmarks.children import run_child
from benchmarks.report import Row, installed, row_of_rounds
from benchmarks.reward_backbones import DECODERS, ENCODER, LONGEST, make_backbone
from benchmarks.reward_workloads import OF_PUBLIC_DATA, OF_THE_DEMO, Workload, records_of
from preferences.pairs import PairRules
from preferences.snapshot import read_manifest, read_snapshot, write_snapshot

ROUNDS = 2
OURS, COMPILED, DEFAULT, TUNED = "Plumbline", "Plumbline compiled", "TRL default", "TRL tuned"
SMALL_DECODER = "decoder 6 × 384"
TOLERANCE_NATS = {"cpu": 1e-3, "cuda": 0.05}
APART = "loss of a step, largest difference"
TOKENIZER_TEXTS = 2000
MATRIX_ROWS = {"cpu": 1024, "cuda": 16_384}
MATRIX_SECONDS = 1.0


@dataclass(frozen=True)
class Outcome:
    """What one training run did, and how long all of its steps but the first took."""

    seconds: float
    losses: list[float]
    peak_memory_bytes: int


@dataclass(frozen=True)
class Prepared:
    """A workload as both read it, and the useful work of it.

    Args:
        folder: holds the snapshot, and the pairs in our order and in any.
        operations: floating-point operations of forward and backward over all steps but the first, each token computed
            once.
    """

    workload: Workload
    backbone: Path
    folder: Path
    operations: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--backbones", nargs="+", choices=(ENCODER, *DECODERS), default=[ENCODER, SMALL_DECODER])
    parser.add_argument("--larger", type=int, default=1, help="steps are so many times larger; for a GPU")
    parser.add_argument("--compile", action="store_true", help="train Plumbline compiled as well")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Train every subject on every workload, then all again."""
    public = public_folder.folder_of(arguments)
    workloads = OF_THE_DEMO if public is None else OF_PUBLIC_DATA
    rounds = 1 if arguments.quick else arguments.rounds
    subjects = (OURS, *([COMPILED] if arguments.compile else []), DEFAULT, TUNED)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, name in enumerate(arguments.backbones):
            chosen = workloads[:1] if arguments.quick else workloads
            rate = None
            for prepared in prepare(name, chosen, public, Path(temporary) / str(number), larger=arguments.larger):
                rate = rate or matrix_rate(prepared.backbone, arguments.device)
                outcomes: dict[str, list[Outcome]] = defaultdict(list)
                for turn in range(rounds):
                    for subject in subjects if turn % 2 == 0 else reversed(subjects):
                        outcomes[subject].append(train(subject, prepared, arguments.device))
                rows += rows_of(name, prepared, outcomes, rate)
                require_equal_losses(rows, TOLERANCE_NATS[arguments.device])
                print(f"  {name}: {prepared.workload.name}", flush=True)
    return rows, public_folder.versions_with(public, installed("torch", "transformers", "trl") | gpu(arguments.device))


def gpu(device: str) -> dict[str, str]:
    """Which GPU it is; nothing on the CPU, which every report names."""
    import torch

    return {"GPU": torch.cuda.get_device_name()} if device == "cuda" else {}


def prepare(
    name: str, workloads: tuple[Workload, ...], public: Path | None, folder: Path, *, larger: int
) -> Iterator[Prepared]:
    """Each workload's snapshot and the same as token ids in pairs, under the folder, with one backbone for all."""
    from rewardmodel.core.config import TrainConfig
    from rewardmodel.core.data.training_set import tokenize
    from rewardmodel.core.model import load_backbone
    from rewardmodel.core.routes.segmented import SegmentedRoute
    from rewardmodel.core.training.steps import plan

    folder.mkdir()
    workloads = tuple(Workload(one.dataset, one.k, one.comparisons_per_step * larger, one.steps) for one in workloads)
    records = {workload: records_of(workload, public) for workload in workloads}
    texts = [
        text
        for some in records.values()
        for record in some
        for text in (*(message["content"] for message in record.prompt), *(each.content for each in record.responses))
    ]
    backbone = make_backbone(name, folder / "backbone", texts[:TOKENIZER_TEXTS])
    network = load_backbone(str(backbone), max_length_tokens=LONGEST)
    weights = sum(part.numel() for part in network.model.parameters())
    weights -= network.model.get_input_embeddings().weight.numel()
    for number, workload in enumerate(workloads):
        place = folder / str(number)
        place.mkdir()
        snapshot = place / "snapshot.parquet"
        write_snapshot(records[workload], snapshot, validation=0, test=0)
        rules = PairRules.from_dict(read_manifest(snapshot).rules)
        data = tokenize(read_snapshot(snapshot), rules=rules, template=network.template)
        assert len(data.comparisons) == workload.comparisons, (workload, len(data.comparisons))
        config = TrainConfig.from_dict(our_config(workload, snapshot, backbone, "cpu", compiled=False))
        steps = [step for epoch in plan(data, config) for step in epoch]
        in_order = [pair for step in steps for pair in pairs_of([data.comparisons[place] for place in step])]
        (place / "pairs.json").write_text(json.dumps(in_order))
        is_decoder = name != ENCODER
        route = SegmentedRoute("shared" if is_decoder else "packed")
        operations = sum(
            operations_of(route.cost(one.texts), one.tokens / len(one.texts), weights, network.model.config, is_decoder)
            for one in (data.comparisons[place] for step in steps[1:] for place in step)
        )
        yield Prepared(workload, backbone, place, operations)


def pairs_of(comparisons: list[Any]) -> list[dict[str, Any]]:
    """The pairs of one step, the longest first."""
    pairs = [
        {"chosen_ids": one.texts[pair.better].token_ids, "rejected_ids": one.texts[pair.worse].token_ids}
        for one in comparisons
        for pair in one.pairs
    ]
    return sorted(pairs, key=lambda pair: -max(len(ids) for ids in pair.values()))


def operations_of(tokens: int, mean_length: float, weights: int, config: Any, is_decoder: bool) -> float:
    """Operations of forward and backward; a decoder's token sees half of its text on average."""
    seen = mean_length / 2 if is_decoder else mean_length
    return tokens * (6 * weights + 12 * config.num_hidden_layers * config.hidden_size * seen)


def our_config(workload: Workload, snapshot: Path, backbone: Path, device: str, *, compiled: bool) -> dict[str, Any]:
    """What TRL does by default, in our words."""
    return {
        "snapshot": str(snapshot),
        "backbone": str(backbone),
        "epochs": 1,
        "comparisons_per_step": workload.comparisons_per_step,
        "max_length_tokens": LONGEST,
        "frozen_layers": 0,
        "learning_rate": 1e-4,
        "head_learning_rate": 1e-4,
        "warmup_fraction": 0.0,
        "weight_decay": 0.0,
        "precision": "fp32" if device == "cpu" else "bf16",
        "device": device,
        "compile": compiled,
        "torch_threads": 1,
        "validations": 0,
        "checkpoint_every_seconds": 1e9,
    }


def train(subject: str, prepared: Prepared, device: str) -> Outcome:
    if subject in (OURS, COMPILED):
        return train_ours(prepared, device, compiled=subject == COMPILED)
    is_gpu = device == "cuda"
    settings: dict[str, Any] = {"bf16": is_gpu, "use_cpu": not is_gpu, "dataloader_pin_memory": is_gpu}
    if subject == TUNED:
        settings |= {"gradient_checkpointing": False, "train_sampling_strategy": "sequential"}
    job = {
        "backbone": str(prepared.backbone),
        "pairs": str(prepared.folder / "pairs.json"),
        "pairs_per_step": prepared.workload.pairs_per_step,
        "settings": settings,
        "output": str(prepared.folder / "trl"),
    }
    answer = json.loads(run_child("benchmarks.trl_reward_training", json.dumps(job)).splitlines()[-1])
    return checked(Outcome(**answer), prepared)


def train_ours(prepared: Prepared, device: str, *, compiled: bool) -> Outcome:
    """Plumbline's training, through the child process that a run starts."""
    with tempfile.TemporaryDirectory() as run_directory:
        snapshot = prepared.folder / "snapshot.parquet"
        config = our_config(prepared.workload, snapshot, prepared.backbone, device, compiled=compiled)
        (Path(run_directory) / "config.json").write_text(json.dumps(config))
        run_child("rewardmodel.core.train_reward", run_directory)
        result = json.loads((Path(run_directory) / "result.json").read_text())
        lines = map(json.loads, (Path(run_directory) / "metrics.jsonl").read_text().splitlines())
    steps = [line for line in lines if line.get("split") == "train"]
    losses = [line["loss"] for line in steps]
    return checked(Outcome(seconds_after_the_first(steps), losses, result["peak_memory_bytes"]), prepared)


def seconds_after_the_first(steps: list[dict[str, Any]]) -> float:
    """From the end of the first step to that of the last, by the lines that a run writes of each."""
    return sum(
        (step["num_tokens"] - before["num_tokens"]) / step["tokens_per_second"] for before, step in pairwise(steps)
    )


def checked(outcome: Outcome, prepared: Prepared) -> Outcome:
    assert len(outcome.losses) == prepared.workload.steps, (prepared.workload, outcome.losses)
    return outcome


def matrix_rate(backbone: Path, device: str) -> float:
    """Operations a second of the product of many tokens with the backbone's first inner matrix, the best of many."""
    import torch
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(backbone)
    torch.set_num_threads(1)
    rows, precision = MATRIX_ROWS[device], torch.float32 if device == "cpu" else torch.bfloat16
    left = torch.randn(rows, config.hidden_size, device=device, dtype=precision)
    right = torch.randn(config.hidden_size, config.intermediate_size, device=device, dtype=precision)
    best, until = float("inf"), time.monotonic() + MATRIX_SECONDS
    while time.monotonic() < until:
        started = time.monotonic()
        for _ in range(8):
            left @ right
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, (time.monotonic() - started) / 8)
    return 2 * left.numel() * right.shape[1] / best


def rows_of(backbone: str, prepared: Prepared, outcomes: dict[str, list[Outcome]], rate: float) -> list[Row]:
    """Speeds, utilisation, memory and losses."""
    workload = prepared.workload
    name = f"{backbone}; {workload.name}"
    rows = []
    ours = [subject for subject in (OURS, COMPILED) if subject in outcomes]
    timed = workload.comparisons - workload.comparisons_per_step
    for unit, count in (("comparisons/s", timed), ("responses/s", timed * workload.k)):
        speeds = {subject: [count / one.seconds for one in runs] for subject, runs in outcomes.items()}
        rows += [row_of_rounds(name, subject, speeds[subject], unit) for subject in (DEFAULT, TUNED)]
        rows += [
            row_of_rounds(name, subject, speeds[subject], unit, peer=peer, peer_values=speeds[peer])
            for subject in ours
            for peer in (DEFAULT, TUNED)
        ]
    for subject, runs in outcomes.items():
        seconds = statistics.median(one.seconds for one in runs)
        used = 100 * prepared.operations / seconds / rate
        rows.append(Row(f"{name}; utilisation of {rate / 1e9:,.0f} GFLOP/s", subject, None, used, "%"))
    for subject, runs in outcomes.items():
        peak = max(one.peak_memory_bytes for one in runs) / 2**20
        rows.append(Row(f"{name}; peak memory", subject, None, peak, "MiB"))
    for subject, runs in outcomes.items():
        rows.append(Row(f"{name}; loss, mean over the run", subject, None, statistics.mean(runs[0].losses), "nats"))
    for subject in ours:
        apart = max(
            abs(one_loss - other_loss)
            for one, other in zip(outcomes[subject], outcomes[TUNED], strict=True)
            for one_loss, other_loss in zip(one.losses, other.losses, strict=True)
        )
        rows.append(Row(f"{name}; {APART}", subject, TUNED, apart, "nats"))
    return rows


def require_equal_losses(rows: list[Row], tolerance: float) -> None:
    """Raises: AssertionError where losses of a step that must be equal are not; what was measured is printed first."""
    unequal = [row for row in rows if row.name.endswith(APART) and row.value > tolerance]
    if unequal:
        for row in rows:
            print(f"  {row.name}; {row.subject}: {row.value:.4f} {row.unit}")
    assert not unequal, f"above {tolerance} nats: " + ", ".join(f"{row.name}; {row.subject}" for row in unequal)
