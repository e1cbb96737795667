"""Crowds whose competence is planted, and how often the intervals of annotator models hold it."""

import numpy as np

from labeling.stats.dawid_skene import fit_dawid_skene
from labeling.stats.noisy_bradley_terry import fit_noisy_bradley_terry
from labeling.stats.pair_table import ShownPair
from labeling.stats.undefined import Undefined

Labels = list[tuple[str, str, str]]


def dawid_skene_coverage(*, people: int, items: int, pooled_labels: float, worlds: int) -> list[bool]:
    """Of every person in so many worlds, whether the interval of their accuracy holds the planted one."""
    inside = []
    for world in range(worlds):
        labels, accuracies = simulated_labels(np.random.default_rng(world), people=people, items=items, per_item=5)
        fit = fit_dawid_skene(labels, pooled_labels=pooled_labels)
        assert not isinstance(fit, Undefined), fit.because
        for name, planted in accuracies.items():
            found = fit.annotators[name]
            assert not isinstance(found, Undefined)
            if not isinstance(found.accuracy, Undefined):
                inside.append(found.accuracy.low <= planted <= found.accuracy.high)
    return inside


def noisy_coverage(*, people: int, judgments: int, worlds: int) -> tuple[list[bool], tuple[float, float]]:
    """The same of noisy Bradley–Terry, and its mean errors of competence and of accuracy."""
    inside, errors = [], []
    for world in range(worlds):
        pairs, competences, accuracies = simulated_pairs(
            np.random.default_rng(world), people=people, judgments=judgments
        )
        fit = fit_noisy_bradley_terry(pairs)
        assert not isinstance(fit, Undefined), fit.because
        for name, found in fit.annotators.items():
            if isinstance(found.accuracy, Undefined) or isinstance(found.competence, Undefined):
                continue
            inside.append(found.accuracy.low <= accuracies[name] <= found.accuracy.high)
            errors.append((found.competence - competences[name], found.accuracy.share - accuracies[name]))
    off = np.mean(errors, axis=0)
    return inside, (float(off[0]), float(off[1]))


def simulated_pairs(
    draw: np.random.Generator, *, people: int, judgments: int
) -> tuple[list[ShownPair], dict[int, float], dict[int, float]]:
    """Judgments of 30 responses by people with habits of either side, their competences, and their accuracies."""
    strengths = draw.normal(0, 1.5, 30)
    competence, leftward = draw.uniform(0.1, 0.98, people), draw.random(people)
    who = draw.integers(people, size=judgments)
    left, right = draw.permuted(np.tile(np.arange(30), (judgments, 1)), axis=1)[:, :2].T
    by_strength = 1 / (1 + np.exp(strengths[right] - strengths[left]))
    chance = competence[who] * by_strength + (1 - competence[who]) * leftward[who]
    takes_left = draw.random(judgments) < chance
    stronger = float(np.maximum(by_strength, 1 - by_strength).mean())
    return (
        [
            ShownPair(int(a), int(one), int(other), "left" if is_left else "right")
            for a, one, other, is_left in zip(who, left, right, takes_left, strict=True)
        ],
        dict(enumerate(competence.tolist())),
        dict(enumerate((competence * stronger + (1 - competence) / 2).tolist())),
    )


def simulated_labels(
    draw: np.random.Generator, *, people: int, items: int, per_item: int
) -> tuple[Labels, dict[str, float]]:
    """Labels of 3 classes by people who err evenly, and how often each is right."""
    accuracies = draw.uniform(0.4, 0.95, people)
    labels = []
    for item in range(items):
        truth = int(draw.integers(3))
        for person in draw.choice(people, per_item, replace=False):
            label = truth if draw.random() < accuracies[person] else (truth + int(draw.integers(1, 3))) % 3
            labels.append((str(person), str(item), str(label)))
    return labels, {str(person): float(accuracy) for person, accuracy in enumerate(accuracies)}
