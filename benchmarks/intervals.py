"""How often a 95 % interval over prompts holds the truth: widened for few prompts, as reports have it, and not.

Worlds are simulated: prompts of four pairs each, a prompt's pairs right with a probability drawn from Beta(4, 2). The
truth is 2/3, the mean of that distribution.
"""

import argparse
from collections.abc import Iterator
from importlib.metadata import version

import numpy as np

from benchmarks.report import Row
from rewardmodel.core.resampling import TAIL, Resampling

PROMPTS = (5, 8, 12, 20, 40, 100)
PAIRS = 4
DIFFICULTY = (4, 2)
TRUTH = 2 / 3
PER_CENT = 100
WORLDS, QUICK_WORLDS = 2000, 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=0, help="draws worlds and resamples")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """The share of worlds whose interval holds the truth, by the number of prompts."""
    worlds = QUICK_WORLDS if arguments.quick else WORLDS
    rows = [row for prompts in PROMPTS for row in rows_of(prompts, worlds=worlds, seed=arguments.seed)]
    return rows, {"numpy": version("numpy")}


def rows_of(prompts: int, *, worlds: int, seed: int) -> Iterator[Row]:
    """Widened and plain intervals on the same worlds."""
    draw = np.random.default_rng([seed, prompts])
    held = {"widened": 0, "plain percentiles": 0}
    for world in range(worlds):
        right = draw.random((prompts, PAIRS)) < draw.beta(*DIFFICULTY, prompts)[:, None]
        correct = right.astype(float).ravel()
        resampling = Resampling(np.repeat(np.arange(prompts), PAIRS), seed=seed + world)
        interval = resampling.share(correct)
        held["widened"] += interval.low <= TRUTH <= interval.high
        low, high = np.quantile(resampling.totals(correct[:, None]) / len(correct), (TAIL, 1 - TAIL))
        held["plain percentiles"] += bool(low <= TRUTH <= high)
    for subject, times in held.items():
        yield Row(
            name=f"intervals that hold the truth, {prompts} prompts",
            subject=subject,
            peer=None,
            value=PER_CENT * times / worlds,
            unit="% of worlds",
            low=PER_CENT * times / worlds,
            high=PER_CENT * times / worlds,
        )
