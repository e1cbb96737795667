"""How far a reward moves with the batch it is computed in, and with bfloat16: on the demo responses, on this processor.

The reward in float32, each text alone in its batch, is what the others are held against. Differences are given in parts
of the standard deviation of all rewards: only they can change an order.
"""

import argparse
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.report import Row, installed
from preferences.containers import open_rows
from preferences.formats import plumbline
from rewardmodel.core.checkpoint import ModelCard, save_model
from rewardmodel.core.data.texts import Prompt
from rewardmodel.core.data.training_set import texts_of
from rewardmodel.core.model import load_backbone
from rewardmodel.core.scorer import RewardScorer, ScoreItem

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "labeling/demo/responses.jsonl"
COMPARISONS, QUICK_COMPARISONS = 75, 5
TOKENS_TOGETHER = 2048
FLOAT32, BFLOAT16 = torch.float32, torch.bfloat16


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", type=Path, help="a reward model's directory; by default MiniLM with a fresh head")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Score the same texts alone and together, in float32 and bfloat16."""
    torch.set_num_threads(1)
    records = [plumbline.read(row) for _, row in open_rows(DEMO) if isinstance(row, dict)]
    comparisons = [texts_of(record) for record in records[: QUICK_COMPARISONS if arguments.quick else COMPARISONS]]
    with tempfile.TemporaryDirectory() as temporary:
        place = arguments.model or fresh_model(Path(temporary) / "model")
        rewards = {
            (dtype, tokens): scored(place, comparisons, dtype=dtype, tokens_per_batch=tokens)
            for dtype in (FLOAT32, BFLOAT16)
            for tokens in (1, TOKENS_TOGETHER)
        }
    exact = rewards[FLOAT32, 1]
    versions = {**installed("torch", "transformers"), "subject": str(arguments.model or "minilm, fresh head")}
    return [
        *rows_of("float32, batches beside alone", rewards[FLOAT32, TOKENS_TOGETHER], exact, comparisons),
        *rows_of("bfloat16 beside float32, alone", rewards[BFLOAT16, 1], exact, comparisons),
        *rows_of("bfloat16 beside float32, batches", rewards[BFLOAT16, TOKENS_TOGETHER], exact, comparisons),
        *rows_of(
            "bfloat16, batches beside alone", rewards[BFLOAT16, TOKENS_TOGETHER], rewards[BFLOAT16, 1], comparisons
        ),
    ], versions


def fresh_model(place: Path) -> Path:
    network = load_backbone("minilm", max_length_tokens=256, seed=0)
    network.model.eval()
    card = ModelCard("fresh", reads_at=network.reads_at, template=network.template.kind, max_length_tokens=256)
    save_model(network, card, place)
    return place


def scored(
    place: Path, comparisons: Sequence[Sequence[tuple[Prompt, str]]], *, dtype: torch.dtype, tokens_per_batch: int
) -> NDArray[np.float64]:
    scorer = RewardScorer.load(place, device="cpu", dtype=dtype, tokens_per_batch=tokens_per_batch)
    items = [ScoreItem(prompt, response) for texts in comparisons for prompt, response in texts]
    return np.array([reward.reward for reward in scorer.score(items)])


def rows_of(
    subject: str,
    rewards: NDArray[np.float64],
    beside: NDArray[np.float64],
    comparisons: Sequence[Sequence[tuple[Prompt, str]]],
) -> list[Row]:
    """Largest and root mean square difference, and the share of pairs of one prompt that change their order."""
    moved = np.abs(rewards - beside) / beside.std()
    ends = np.cumsum([0, *map(len, comparisons)])
    turned = [
        (rewards[one] - rewards[other]) * (beside[one] - beside[other]) < 0
        for start, end in pairwise(ends)
        for one in range(start, end)
        for other in range(one + 1, end)
    ]
    figures = {
        "largest difference": (1000 * moved.max(), "‰ of the std"),
        "root mean square difference": (1000 * np.sqrt((moved**2).mean()), "‰ of the std"),
        "pairs in another order": (1000 * np.mean(turned), "‰ of pairs"),
    }
    return [Row(name, subject, None, float(value), unit) for name, (value, unit) in figures.items()]
