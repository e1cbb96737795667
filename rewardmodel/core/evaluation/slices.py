"""Accuracy by what pairs have in common: strength, kind of prompt, length, number of responses, policies, script."""

from collections import Counter
from collections.abc import Callable, Sequence
from math import inf
from typing import Any

import numpy as np

from rewardmodel.core.evaluation.figures import share_of
from rewardmodel.core.evaluation.tallies import NO_STRENGTH, Judged, Tallies
from rewardmodel.core.resampling import Floats, Resampling

MOST_LABELS = 12
MOST_CATEGORIES = 30
LEAST_COVERAGE = 0.5
USUAL_NAMES = ("domain", "category", "subset", "topic", "task", "source")
RATIO_EDGES = (1.1, 1.5, 2.0)
PROMPT_EDGES = (100, 500, 2000)
UNCERTAINTY_LABELS = ("lowest", "middle", "highest")

Labels = Sequence[str | None]


def slices(tallies: Tallies, correct: Floats, resampling: Resampling, *, category: str = "") -> list[dict[str, Any]]:
    """Accuracy in each part of the pairs, for each way to part them that gives two parts or more.

    Args:
        category: the name of the metadata to slice by; by default the one that most looks like a kind of prompt.

    Returns: [{"by", "key"?, "rows": [{"label", figure…}], "others": pairs in parts that are not listed}], a part with
        fewer than 20 pairs or 5 prompts without a value. At most twelve parts each, the largest ones.
    """
    category = category or category_of(tallies.judged)
    ways: list[tuple[str, Labels]] = [
        ("strength", [None if strength == NO_STRENGTH else str(strength) for strength in tallies.strength]),
        ("domain", _of_comparison(tallies, lambda judged: judged.categories.get(category))),
        ("length_ratio", length_ratio_labels(*tallies.lengths())),
        ("prompt_length", _of_comparison(tallies, lambda judged: bin_label(judged.prompt_length, PROMPT_EDGES))),
        ("responses", _of_comparison(tallies, lambda judged: str(judged.k))),
        ("policies", _policy_labels(tallies)),
        ("script", _of_comparison(tallies, lambda judged: judged.script or None)),
        ("uncertainty", _uncertainty_labels(tallies)),
    ]
    found = []
    for by, labels in ways:
        counts = Counter(label for label in labels if label is not None)
        if len(counts) < 2:
            continue
        kept = [label for label, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_LABELS]]
        given = np.array([label if label is not None else "" for label in labels], dtype=object)
        has = np.array([label is not None for label in labels])
        rows = [
            {"label": label, **share_of(resampling, correct, has & (given == label))}
            for label in sorted(kept, key=_in_order if by != "policies" else str)
        ]
        named = {"key": category} if by == "domain" else {}
        found.append({"by": by, **named, "rows": rows, "others": len(labels) - sum(counts[label] for label in kept)})
    return found


def category_of(judged: Sequence[Judged]) -> str:
    """The metadata that most looks like a kind of prompt: of two to thirty values that half of the comparisons have.

    Usual names go first (domain, category, subset, topic, task, source), then what most comparisons have. "" for none.
    """
    values: dict[str, Counter[str]] = {}
    for one in judged:
        for key, value in one.categories.items():
            values.setdefault(key, Counter())[value] += 1
    likely = [
        key
        for key, counts in values.items()
        if 2 <= len(counts) <= MOST_CATEGORIES
        and counts.total() >= LEAST_COVERAGE * len(judged)
        and counts.total() >= 2 * len(counts)
    ]
    usual = {name: place for place, name in enumerate(USUAL_NAMES)}
    likely.sort(key=lambda key: (usual.get(key, len(usual)), -values[key].total(), key))
    return likely[0] if likely else ""


def bin_label(value: float, edges: Sequence[float], *, lowest: float = 0) -> str:
    """Which part between edges a value falls into, by its ends: "0-100", "100-500", "500-"."""
    place = sum(value >= edge for edge in edges)
    low = f"{edges[place - 1] if place else lowest:g}"
    return f"{low}-{edges[place]:g}" if place < len(edges) else f"{low}-"


def length_ratio_labels(better: Floats, worse: Floats) -> Labels:
    """How many times as long the longer response of a pair is as the shorter one, in parts; an empty one is 1."""
    ratio = np.maximum(better, worse).clip(1) / np.minimum(better, worse).clip(1)
    return [bin_label(value, RATIO_EDGES, lowest=1) for value in ratio]


def _of_comparison(tallies: Tallies, label: Callable[[Judged], str | None]) -> Labels:
    labels = [label(judged) for judged in tallies.judged]
    return [labels[number] for number in tallies.comparison]


def _policy_labels(tallies: Tallies) -> Labels:
    """The two policies of each pair in alphabetical order; None where one is unknown or both are the same."""
    labels: list[str | None] = []
    for number, better, worse in zip(tallies.comparison, tallies.better, tallies.worse, strict=True):
        one, other = sorted((tallies.judged[number].policies[better], tallies.judged[number].policies[worse]))
        labels.append(f"{one} / {other}" if one and other and one != other else None)
    return labels


def _uncertainty_labels(tallies: Tallies) -> Labels:
    """Pairs in three equal parts by how far an ensemble's members differ about their leads; None for a single model.

    What members say of a prompt as a whole, too high or too low, is in both rewards and cancels.
    """
    spread = []
    for number, better, worse in zip(tallies.comparison, tallies.better, tallies.worse, strict=True):
        one, other = tallies.judged[number].members[better], tallies.judged[number].members[worse]
        spread.append(np.nan if one is None or other is None else float(np.std(np.subtract(one, other))))
    known = np.array(spread)
    if not known.size or np.isnan(known).any() or np.ptp(known) == 0:
        return [None] * len(spread)
    edges = np.quantile(known, (1 / 3, 2 / 3))
    return [UNCERTAINTY_LABELS[int((value > edges).sum())] for value in known]


def _in_order(label: str) -> tuple[float, str]:
    """Numbers by size, parts by their lower end, words after them by the alphabet."""
    try:
        return float(label.partition("-")[0]), label
    except ValueError:
        return float(UNCERTAINTY_LABELS.index(label)) if label in UNCERTAINTY_LABELS else inf, label
