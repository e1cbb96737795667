"""`python -m benchmarks.scoring_subject JOB`: score the same texts by Plumbline and by transformers, in turns.

JOB is a file with {"model": directory, "items", "pairs": the same laid out for the pipeline, "rounds", "batch_sizes"};
the last line printed is {"plumbline": [seconds, …], "products": [seconds, …], "pipeline": {batch size: [seconds, …]},
"route", "tokens", "largest_difference"}. Loading is not timed, tokenizing is. "products" are the matrix products of our
scoring and nothing else: no way of computing as many tokens in this precision takes less.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import pipeline

from rewardmodel.core.checkpoint import load_model
from rewardmodel.core.scorer import RewardScorer, ScoreItem

WARM_UP_ITEMS = 8


def measure(job: dict[str, Any]) -> dict[str, Any]:
    torch.set_num_threads(1)
    model = load_model(job["model"], device="cpu")
    scorer = RewardScorer(model)
    items = [ScoreItem(item["prompt"], item["response"]) for item in job["items"]]
    subjects: dict[str, Callable[[int], list[float]]] = {
        "plumbline": lambda count: [reward.reward for reward in scorer.score(items[:count])]
    }
    for size in job["batch_sizes"]:
        subjects[str(size)] = pipeline_subject(job, size, scorer.card.max_length_tokens)
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    rewards: dict[str, list[float]] = {}
    for subject in subjects.values():
        subject(WARM_UP_ITEMS)
    multiply = products(model.network.model, lambda: scorer.score(items))
    in_products = []
    for _ in range(job["rounds"]):
        started = time.perf_counter()
        multiply()
        in_products.append(time.perf_counter() - started)
        for name, subject in subjects.items():
            started = time.perf_counter()
            rewards[name] = subject(len(items))
            seconds[name].append(time.perf_counter() - started)
    ours = rewards["plumbline"]
    differences = [abs(a - b) for values in rewards.values() for a, b in zip(values, ours, strict=True)]
    return {
        "plumbline": seconds.pop("plumbline"),
        "products": in_products,
        "pipeline": seconds,
        "route": f"{scorer.route} rows",
        "tokens": sum(len(text.token_ids) for text in scorer.encode(items)),
        "largest_difference": max(differences),
    }


def products(model: nn.Module, run: Callable[[], object]) -> Callable[[], None]:
    """The linear layers that `run` goes through, each again with as many rows as there, on random numbers."""
    seen: list[tuple[nn.Linear, torch.Size]] = []

    def remember(layer: nn.Module, given: tuple[Tensor, ...], _output: Tensor) -> None:
        if isinstance(layer, nn.Linear):
            seen.append((layer, given[0].shape))

    hooks = [layer.register_forward_hook(remember) for layer in model.modules() if isinstance(layer, nn.Linear)]
    run()
    for hook in hooks:
        hook.remove()
    inputs = {shape: torch.randn(shape) for _, shape in seen}

    def multiply() -> None:
        with torch.inference_mode():
            for layer, shape in seen:
                layer(inputs[shape])

    return multiply


def pipeline_subject(job: dict[str, Any], batch_size: int, window: int) -> Callable[[int], list[float]]:
    """transformers' own way to score pairs of texts: in the order given, padded to the longest of each batch."""
    classify = pipeline("text-classification", model=job["model"], device=-1, batch_size=batch_size)
    options = {"function_to_apply": "none", "truncation": True, "max_length": window}

    def score(count: int) -> list[float]:
        return [answer["score"] for answer in classify(job["pairs"][:count], **options)]

    return score


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(Path(sys.argv[1]).read_text()))))
