"""`python -m benchmarks.scoring_subject JOB`: score the same texts by Plumbline and by transformers, in turns.

JOB is a file with {"model": directory, "items", "pairs": the same laid out for the pipeline, "rounds", "batch_sizes",
"precisions"}; the last line printed is {"route", "tokens", "std": of the rewards, "scored": a list of {"subject",
"precision", "seconds": [a round, …], "difference": the largest from our rewards in the first precision, in nats}}.
Loading is not timed, tokenizing is.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import pipeline

from rewardmodel.core.checkpoint import load_model
from rewardmodel.core.scorer import PRECISIONS, RewardScorer, ScoreItem

WARM_UP_ITEMS = 8
OURS, PEER, PRODUCTS = "Plumbline", "transformers pipeline", "our matrix products alone"


@dataclass
class Scored:
    """One way of scoring, and what came of it."""

    subject: str
    precision: str
    seconds: list[float] = field(default_factory=list)
    difference: float | None = None


def measure(job: dict[str, Any]) -> dict[str, Any]:
    torch.set_num_threads(1)
    items = [ScoreItem(item["prompt"], item["response"]) for item in job["items"]]
    ways: list[tuple[Scored, Callable[[int], list[float]]]] = []
    for precision in job["precisions"]:
        model = load_model(job["model"], device="cpu", dtype=PRECISIONS[precision])
        scorer = RewardScorer(model)
        ours = scoring_subject(scorer, items)
        multiply = products(model.network.model, lambda ours=ours: ours(len(items)))
        ways.append((Scored(OURS, precision), ours))
        ways.append((Scored(PRODUCTS, precision), multiply))
        for size in job["batch_sizes"]:
            subject = pipeline_subject(job, size, precision, scorer.card.max_length_tokens)
            ways.append((Scored(f"{PEER}, batch {size}", precision), subject))
    for _, way in ways:
        way(WARM_UP_ITEMS)
    exact: list[float] = []
    for _ in range(job["rounds"]):
        for scored, way in ways:
            started = time.perf_counter()
            rewards = way(len(items))
            scored.seconds.append(time.perf_counter() - started)
            exact = exact or rewards
            if rewards:
                scored.difference = max(abs(one - other) for one, other in zip(rewards, exact, strict=True))
    return {
        "route": f"{scorer.route} rows",
        "tokens": sum(len(text.token_ids) for text in scorer.encode(items)),
        "std": statistics.pstdev(exact),
        "scored": [asdict(scored) for scored, _ in ways],
    }


def scoring_subject(scorer: RewardScorer, items: list[ScoreItem]) -> Callable[[int], list[float]]:
    """Our own way to score the first texts."""
    return lambda count: [reward.reward for reward in scorer.score(items[:count])]


def products(model: nn.Module, run: Callable[[], object]) -> Callable[[int], list[float]]:
    """The linear layers that `run` goes through, each again with as many rows, on random numbers; no rewards."""
    seen: list[tuple[nn.Linear, torch.Size]] = []

    def remember(layer: nn.Module, given: tuple[Tensor, ...], _output: Tensor) -> None:
        if isinstance(layer, nn.Linear):
            seen.append((layer, given[0].shape))

    hooks = [layer.register_forward_hook(remember) for layer in model.modules() if isinstance(layer, nn.Linear)]
    run()
    for hook in hooks:
        hook.remove()
    inputs = {(layer.weight.dtype, shape): torch.randn(shape, dtype=layer.weight.dtype) for layer, shape in seen}

    def multiply(_count: int) -> list[float]:
        with torch.inference_mode():
            for layer, shape in seen:
                layer(inputs[layer.weight.dtype, shape])
        return []

    return multiply


def pipeline_subject(job: dict[str, Any], batch_size: int, precision: str, window: int) -> Callable[[int], list[float]]:
    """transformers' own way to score pairs of texts: in the order given, padded to the longest of each batch."""
    classify = pipeline(
        "text-classification", model=job["model"], device=-1, batch_size=batch_size, dtype=PRECISIONS[precision]
    )
    options = {"function_to_apply": "none", "truncation": True, "max_length": window}

    def score(count: int) -> list[float]:
        return [answer["score"] for answer in classify(job["pairs"][:count], **options)]

    return score


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(Path(sys.argv[1]).read_text()))))
