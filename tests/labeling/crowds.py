"""Crowds of planted quality, for trying whether statistics find it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labeling.stats.pair_table import OUTCOMES, ShownPair

Floats = NDArray[np.float64]


def symmetric(accuracy: float, classes: int) -> Floats:
    """Confusions of somebody who is right so often and errs evenly, shape (K, K): row true class, column label."""
    wrong = (1 - accuracy) / (classes - 1)
    return np.full((classes, classes), wrong) + np.eye(classes) * (accuracy - wrong)


def always(label: int, classes: int) -> Floats:
    """Confusions of somebody who gives one label whatever is true."""
    return np.tile(np.eye(classes)[label], (classes, 1))


def labelled(
    confusions: Sequence[Floats], *, items: int, per_item: int, seed: int = 0, shares: Sequence[float] | None = None
) -> tuple[list[tuple[int, int, int]], list[int]]:
    """(annotator, item, label) triples of people with these confusions, and each item's true class."""
    draw = np.random.default_rng(seed)
    classes = len(confusions[0])
    truth = draw.choice(classes, items, p=shares).tolist()
    labels = [
        (int(person), item, int(draw.choice(classes, p=confusions[person][truth[item]])))
        for item in range(items)
        for person in draw.choice(len(confusions), per_item, replace=False)
    ]
    return labels, truth


def judged_pairs(
    strengths: Sequence[float],
    people: Sequence[tuple[float, Sequence[float]]],
    *,
    judgments: int,
    seed: int = 0,
    tie_parameter: float | None = None,
) -> list[ShownPair]:
    """Judgments of random pairs in random order by people of (competence, habit); Davidson's ties where given."""
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(judgments):
        person = int(draw.integers(len(people)))
        left, right = (int(one) for one in draw.choice(len(strengths), 2, replace=False))
        lead = strengths[left] - strengths[right]
        scores = np.exp([lead / 2, -lead / 2, *([tie_parameter] if tie_parameter is not None else [])])
        competence, habit = people[person]
        chances = competence * scores / scores.sum() + (1 - competence) * np.asarray(habit)
        rows.append(ShownPair(person, left, right, OUTCOMES[int(draw.choice(len(chances), p=chances))]))
    return rows
