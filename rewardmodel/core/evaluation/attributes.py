"""Attribute heads beside what people rated: correlation and error for each attribute, in the unit of its ratings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import nan, sqrt
from typing import Any

import numpy as np

from preferences.pairs import PairRules
from preferences.ratings import derive_ratings
from preferences.records import ComparisonRecord
from rewardmodel.core.evaluation.figures import Figure, figure, reason_against, undefined
from rewardmodel.core.resampling import Floats, Interval, Ints, Resampling, ends_of

NO_SPREAD = "ratings or predictions do not differ"
ROUNDING = 1e-12


@dataclass
class Predicted:
    """One attribute's ratings so far, what the head says of the same responses, and of which prompt each is."""

    rated: list[float] = field(default_factory=list)
    said: list[float] = field(default_factory=list)
    prompts: list[int] = field(default_factory=list)


@dataclass
class Ratings:
    """Every rating so far beside its prediction, by attribute."""

    by_attribute: dict[str, Predicted] = field(default_factory=dict)
    prompt_numbers: dict[str, int] = field(default_factory=dict)

    def add(self, record: ComparisonRecord, rules: PairRules, said: Sequence[Mapping[str, float]]) -> None:
        """Take in one comparison. Each judgment's rating is a case of its own; what it weighs plays no part.

        Args:
            rules: which judgments speak.
            said: of each response what the heads predict, by attribute; ratings of other attributes are passed over.
        """
        for rating in derive_ratings(record, rules):
            if rating.attribute in said[rating.text]:
                of = self.by_attribute.setdefault(rating.attribute, Predicted())
                of.rated.append(rating.value)
                of.said.append(said[rating.text][rating.attribute])
                of.prompts.append(self.prompt_numbers.setdefault(record.prompt_hash, len(self.prompt_numbers)))


def attribute_figures(
    ratings: Ratings, attributes: Sequence[Mapping[str, Any]], *, seed: int = 0
) -> list[dict[str, Any]]:
    """How well each head predicts the ratings of its attribute.

    Args: attributes: those of the model's card.

    Returns: for each attribute, in their order, {"name", "weight": what it makes of the reward, "pearson", "spearman":
        figures, "rmse": figure in steps of the rating scale, "spread": standard deviation of the ratings, the rmse of
        always saying their mean; None without a rating}. Correlations are undefined where ratings or predictions do not
        differ, and everything below 20 ratings or 5 prompts.
    Source: Spearman 1904 with midranks for ties; intervals draw prompts, and rank anew in every draw.
    """
    found = []
    for attribute in attributes:
        of = ratings.by_attribute.get(attribute["name"], Predicted())
        rated, said = np.array(of.rated, dtype=np.float64), np.array(of.said, dtype=np.float64)
        found.append(
            {
                "name": attribute["name"],
                "weight": attribute["weight"],
                **_figures(rated, said, np.array(of.prompts, dtype=np.int64), seed=seed),
                "spread": float(rated.std()) if len(rated) else None,
            }
        )
    return found


def correlation(one: Floats, other: Floats, times: Floats) -> float:
    """Pearson's correlation of cases that count several times, all of shape (N,); nan where either does not differ."""
    total = times.sum()
    one, other = one - (one @ times) / total, other - (other @ times) / total
    spread = sqrt(float((one * one) @ times) * float((other * other) @ times))
    return float((one * other) @ times) / spread if spread > ROUNDING * total else nan


def midranks(places: Ints, times: Floats) -> Floats:
    """The rank of each case, shape (N,), from 1, where cases count several times; equal ones share their mean rank.

    Args: places: of each case's value among the distinct values, from 0 for the lowest.
    """
    counts = np.bincount(places, weights=times)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[places])


def _figures(rated: Floats, said: Floats, prompts: Ints, *, seed: int) -> dict[str, Figure]:
    n, distinct = len(rated), len(np.unique(prompts))
    if reason := reason_against(n, distinct):
        return dict.fromkeys(("pearson", "spearman", "rmse"), undefined(reason, n=n, prompts=distinct))
    resampling = Resampling(prompts, seed=seed)
    error = resampling.mean((said - rated) ** 2)
    root = Interval(sqrt(error.value), sqrt(error.low), sqrt(error.high))
    found = {"rmse": figure(root, n=n, prompts=distinct)}
    if np.ptp(rated) == 0 or np.ptp(said) == 0:
        return {**dict.fromkeys(("pearson", "spearman"), undefined(NO_SPREAD, n=n, prompts=distinct)), **found}
    unit = (said - said.mean()) / said.std(), (rated - rated.mean()) / rated.std()
    places = [np.unique(values, return_inverse=True)[1] for values in (said, rated)]
    drawn: list[tuple[float, float]] = []
    for times in chain((np.ones(n),), resampling.draws()):
        one, other = (midranks(each, times) for each in places)
        drawn.append((correlation(*unit, times), correlation(one, other, times)))
    for name, values in zip(("pearson", "spearman"), np.array(drawn).T, strict=True):
        low, high = ends_of(values[1:][~np.isnan(values[1:])], prompts=distinct)
        found[name] = figure(Interval(float(values[0]), low, high), n=n, prompts=distinct)
    return found
