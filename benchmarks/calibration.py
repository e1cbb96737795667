"""Which temperature to fit on few held-out pairs: the calibration error to be expected by each way of fitting one.

Worlds are simulated: responses have true rewards, people choose by Bradley–Terry, a model sees the rewards through
noise and is too sure or too unsure by a factor. A temperature is fitted on a few pairs and judged on 20,000 others.
"""

import argparse
import math
import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import torch

from benchmarks.report import Row
from rewardmodel.core.calibrate import calibrate
from rewardmodel.core.evaluation.calibration import expected_calibration_error
from rewardmodel.core.resampling import Floats

SPREADS = (0.25, 0.5, 0.7, 1.0, math.inf)
RESPONSES = (2, 4)
HELD_OUT_PAIRS = (100, 300)
TEST_PAIRS = (300, 1000, 3000)
MANY_PAIRS = 20_000
PER_CENT = 100
DRAWS, QUICK_DRAWS = 20, 2


@dataclass(frozen=True)
class World:
    """How true rewards spread (nats), how noisily a model sees them, how much too sure of them it is."""

    spread: float
    noise: float
    sureness: float

    def leads(self, draw: np.random.Generator, pairs: int, responses: int) -> Floats:
        """Leads of the chosen response over the rejected one, shape (about `pairs`,), whole prompts at a time."""
        prompts = pairs // (responses * (responses - 1) // 2)
        true = draw.normal(0, self.spread, (prompts, responses))
        seen = true + draw.normal(0, self.noise * self.spread, true.shape)
        rewards = self.sureness * seen / (1 + self.noise**2)
        first, second = np.triu_indices(responses, 1)
        is_chosen = draw.random((prompts, len(first))) < 1 / (1 + np.exp(true[:, second] - true[:, first]))
        lead = rewards[:, first] - rewards[:, second]
        return np.where(is_chosen, lead, -lead).ravel()


WORLDS = tuple(
    World(spread, noise, sureness)
    for spread, noise in ((0.6, 1.5), (1.2, 1.0), (2.5, 0.7))
    for sureness in (0.6, 1.0, 1.6, 2.5)
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seed", type=int, default=0, help="draws worlds and verdicts")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Mean and worst calibration error over worlds for each prior, and what chance alone makes of few test pairs."""
    torch.set_num_threads(1)
    draws = QUICK_DRAWS if arguments.quick else DRAWS
    rows = [
        row
        for responses in RESPONSES
        for pairs in HELD_OUT_PAIRS
        for row in rows_of_priors(pairs, responses, draws=draws, seed=arguments.seed)
    ]
    return [*rows, *rows_of_chance(draws=draws, seed=arguments.seed)], {"torch": version("torch")}


def rows_of_priors(pairs: int, responses: int, *, draws: int, seed: int) -> Iterator[Row]:
    errors: dict[str, list[float]] = {name: [] for name in (*map(name_of, SPREADS), "temperature 1")}
    for number, world in enumerate(WORLDS):
        draw = np.random.default_rng([seed, number, pairs, responses])
        test = world.leads(draw, MANY_PAIRS, responses)
        held_out = [world.leads(draw, pairs, responses) for _ in range(draws)]
        for spread in SPREADS:
            found = [expected_calibration_error(test, temperature=fitted(leads, spread)) for leads in held_out]
            errors[name_of(spread)].append(statistics.mean(found))
        errors["temperature 1"].append(expected_calibration_error(test))
    for name, found in errors.items():
        yield Row(
            name=f"calibration error after {pairs} pairs, K = {responses}",
            subject=name,
            peer=None,
            value=PER_CENT * statistics.mean(found),
            unit="% ECE over worlds",
            low=PER_CENT * min(found),
            high=PER_CENT * max(found),
        )


def rows_of_chance(*, draws: int, seed: int) -> Iterator[Row]:
    """What is measured on few test pairs at the temperature that is best on many."""
    for pairs in TEST_PAIRS:
        found = []
        for number, world in enumerate(WORLDS):
            draw = np.random.default_rng([seed, number, pairs])
            best = fitted(world.leads(draw, MANY_PAIRS, 2), math.inf)
            tests = [world.leads(draw, pairs, 2) for _ in range(draws)]
            found.append(statistics.mean(expected_calibration_error(test, temperature=best) for test in tests))
        yield Row(
            name=f"calibration error seen on {pairs} test pairs",
            subject="the best temperature",
            peer=None,
            value=PER_CENT * statistics.mean(found),
            unit="% ECE over worlds",
            low=PER_CENT * min(found),
            high=PER_CENT * max(found),
        )


def fitted(leads: Floats, spread: float) -> float:
    lead = torch.from_numpy(leads)
    return calibrate(lead, torch.ones_like(lead), prior_spread=spread).temperature


def name_of(spread: float) -> str:
    return "most likely temperature" if math.isinf(spread) else f"prior of spread {spread:g}"
