"""Reward-model training beside TRL's RewardTrainer: comparisons a second, on the same texts, pairs and steps.

Both train all layers of MiniLM with one torch thread, on token ids made by the same tokenizer and template, in the same
number of optimizer steps; every pair of a comparison counts in both. TRL reads a comparison as K(K-1)/2 rows of two
texts, Plumbline as K texts. Only training steps are timed: no imports, loading, tokenizing or saving. Subjects take
turns, and each row is the median over the turns.

TRL runs as it comes (gradient checkpointing on) and tuned (off), told to use the CPU. All compute in fp32, which is the
default of neither: TRL's is bf16, Plumbline's is bf16 where the processor has it, with two layers frozen.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from benchmarks.report import Row, installed
from preferences.containers import open_rows
from preferences.formats import plumbline
from preferences.pairs import PairRules, derive_pairs
from preferences.records import ComparisonRecord, JudgmentRecord
from preferences.snapshot import read_manifest, read_snapshot, write_snapshot

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "labeling/demo/responses.jsonl"
COMPARISONS = 16
COMPARISONS_PER_STEP = 4
MAX_LENGTH_TOKENS = 256
REPEATS = 2
SIZES = (2, 4)  # K; the demo data has no comparison of nine

OURS = "Plumbline"
TRL = {
    "TRL default": {"gradient_checkpointing": True, "bf16": False},
    "TRL tuned": {"gradient_checkpointing": False, "bf16": False},
}


def measure() -> tuple[list[Row], dict[str, str]]:
    """Train every subject on every K, then all again."""
    speeds: dict[tuple[int, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for k in SIZES:
            freeze_demo(k, folder)
        for repeat in range(REPEATS):
            for k in SIZES:
                speeds[k, OURS].append(train_ours(k, folder / f"ours-{k}-{repeat}"))
            for subject, settings in TRL.items():
                for k, seconds in train_trl(settings, folder).items():
                    speeds[k, subject].append(COMPARISONS / seconds)
    return rows_of(speeds), installed("torch", "transformers", "trl")


def freeze_demo(k: int, folder: Path) -> None:
    """A snapshot of demo comparisons with K responses, ranked as planted, and the same as TRL's chosen and rejected."""
    from rewardmodel.core.data.texts import prompt_text
    from rewardmodel.core.model import load_backbone

    draw = random.Random(7)
    rows = [plumbline.read(row) for _, row in open_rows(DEMO)]
    records = [as_ranked(record, sorted(draw.sample(range(4), k))) for record in draw.sample(rows, COMPARISONS)]
    path = folder / f"{k}.parquet"
    write_snapshot(records, path, validation=0, test=0)
    rules = read_manifest(path).rules
    template = load_backbone("minilm", max_length_tokens=MAX_LENGTH_TOKENS).template
    pairs = []
    for row in read_snapshot(path):
        record = row.record
        ids = [
            encoded.token_ids
            for encoded in template.encode([(prompt_text(record.prompt), item.content) for item in record.responses])
        ]
        derived = derive_pairs(record, PairRules.from_dict(rules))
        assert len(derived) == k * (k - 1) // 2
        pairs.extend({"chosen_ids": ids[pair.better], "rejected_ids": ids[pair.worse]} for pair in derived)
    (folder / f"{k}.pairs.json").write_text(json.dumps(pairs))


def as_ranked(record: ComparisonRecord, indices: list[int]) -> ComparisonRecord:
    """Only these responses of a demo comparison, with its planted ranking as the judgment."""
    quality = record.metadata["planted_quality"]
    planted = [quality[record.response_hashes[index][:16]] for index in indices]
    best_first = sorted(range(len(indices)), key=lambda place: -planted[place])
    judgment = JudgmentRecord(annotator="planted", ranking=tuple((place,) for place in best_first), source="simulated")
    return ComparisonRecord(
        prompt=record.prompt, responses=tuple(record.responses[index] for index in indices), judgments=(judgment,)
    )


def train_ours(k: int, run_directory: Path) -> float:
    """Comparisons a second of Plumbline's training, through the child process that a run starts."""
    run_directory.mkdir()
    config = {
        "snapshot": str(run_directory.parent / f"{k}.parquet"),
        "epochs": 1,
        "comparisons_per_step": COMPARISONS_PER_STEP,
        "max_length_tokens": MAX_LENGTH_TOKENS,
        "frozen_layers": 0,
        "precision": "fp32",
        "device": "cpu",
        "torch_threads": 1,
        "validations": 0,
    }
    (run_directory / "config.json").write_text(json.dumps(config))
    run_child("rewardmodel.core.train_reward", str(run_directory))
    result = json.loads((run_directory / "result.json").read_text())
    assert result["steps"] == COMPARISONS // COMPARISONS_PER_STEP
    assert result["data"]["train"]["comparisons"] == COMPARISONS
    return COMPARISONS / result["training_seconds"]


def train_trl(settings: dict[str, bool], folder: Path) -> dict[int, float]:
    """Seconds that TRL trains on each K."""
    jobs = [
        {
            "pairs": str(folder / f"{k}.pairs.json"),
            "pairs_per_step": COMPARISONS_PER_STEP * k * (k - 1) // 2,
            "settings": settings,
            "output": str(folder / "trl"),
        }
        for k in SIZES
    ]
    answers = json.loads(run_child("benchmarks.trl_reward_training", json.dumps(jobs)).splitlines()[-1])
    assert all(answer["steps"] == COMPARISONS // COMPARISONS_PER_STEP for answer in answers)
    return {k: answer["seconds"] for k, answer in zip(SIZES, answers, strict=True)}


def run_child(module: str, argument: str) -> str:
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, "-m", module, argument], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def rows_of(speeds: dict[tuple[int, str], list[float]]) -> list[Row]:
    unit = "comparisons/s"
    rows = []
    for k in SIZES:
        name = f"reward-model training, MiniLM, K = {k}"
        medians = {subject: statistics.median(values) for (size, subject), values in speeds.items() if size == k}
        rows += [Row(name, subject, None, medians[subject], unit) for subject in TRL]
        ours = medians[OURS]
        rows += [Row(name, OURS, peer, ours, unit, ours / medians[peer]) for peer in TRL]
    return rows
