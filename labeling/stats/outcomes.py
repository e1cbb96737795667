"""What judgments say of policies two by two: who won, who tied, and how much each pair counts."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from preferences.pairs import PairRules, counts_towards_pairs, pairs_in_ranking
from preferences.records import ComparisonRecord, Ranking

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Weight = Literal["unit", "judgment", "pair"]


@dataclass(frozen=True, slots=True)
class PolicyRanking:
    """One verdict on K responses, as far as a leaderboard needs it.

    Attributes:
        policies: who wrote each of the K responses; None where that is not known, and then it counts for nobody.
        ranking: tie groups of indices into them, best first; what is left out stands below.
        unit: what the verdict was on: the prompt, or the comparison where each has a prompt of its own. Units are what
            weighs 1 and what intervals resample.
    """

    policies: tuple[str | None, ...]
    ranking: Ranking
    unit: Hashable


@dataclass(frozen=True)
class Outcomes:
    """N pairs of responses of two different policies, out of P.

    Attributes:
        policies: their names, sorted, P of them; some may have met nobody.
        first, second: which policy, shape (N,).
        score: 1 where the first won, 0.5 for a tie, 0 where it lost, shape (N,).
        weight: how much the pair counts, shape (N,), positive.
        unit: 0 to `units` − 1, shape (N,).
        judgment, first_at, second_at: which ranking a pair came from and which of its responses, shape (N,).
    """

    policies: tuple[str, ...]
    first: Indices
    second: Indices
    score: Floats
    weight: Floats
    unit: Indices
    units: int
    judgment: Indices
    first_at: Indices
    second_at: Indices

    def tallies(self, unit_weights: Floats | None = None) -> tuple[Floats, Floats]:
        """Weighted wins of the row's policy over the column's, and ties (symmetric), each of shape (P, P).

        Args:
            unit_weights: by what each unit's pairs are multiplied, shape (units,); ones by default.
        """
        size = len(self.policies)
        weight = self.weight if unit_weights is None else self.weight * unit_weights[self.unit]
        cells = np.bincount(self._cells(), weights=weight, minlength=2 * size * size)
        wins, ties = cells.reshape(2, size, size).astype(np.float64)
        return wins, ties + ties.T

    def units_of_pairs(self) -> Indices:
        """In how many units each two policies met, shape (P, P)."""
        size, units = len(self.policies), max(self.units, 1)
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        cells = np.unique((low * size + high) * units + self.unit) // units
        counts = np.bincount(cells, minlength=size * size).reshape(size, size)
        return counts + counts.T

    def among(self, members: Sequence[int]) -> "Outcomes":
        """The pairs between these policies alone, with the weights they have among all."""
        place = np.full(len(self.policies), -1)
        place[list(members)] = np.arange(len(members))
        inside = self.where((place[self.first] >= 0) & (place[self.second] >= 0))
        names = tuple(self.policies[member] for member in members)
        return replace(inside, policies=names, first=place[inside.first], second=place[inside.second])

    def where(self, chosen: NDArray[np.bool_]) -> "Outcomes":
        """Some of the pairs, shape (N,), with the weights they have among all."""
        found, unit = np.unique(self.unit[chosen], return_inverse=True)
        return Outcomes(
            policies=self.policies,
            first=self.first[chosen],
            second=self.second[chosen],
            score=self.score[chosen],
            weight=self.weight[chosen],
            unit=unit.astype(np.int64),
            units=len(found),
            judgment=self.judgment[chosen],
            first_at=self.first_at[chosen],
            second_at=self.second_at[chosen],
        )

    def _cells(self) -> Indices:
        """Where each pair is counted: a win in (winner, loser) of the first matrix, a tie in the second."""
        size = len(self.policies)
        winner = np.where(self.score == 0, self.second, self.first)
        loser = np.where(self.score == 0, self.first, self.second)
        return winner * size + loser + np.where(self.score == 0.5, size * size, 0)

    def units_of_policies(self) -> Indices:
        """In how many units each policy met another, shape (P,)."""
        size = max(self.units, 1)
        met = np.unique(np.concatenate([self.first * size + self.unit, self.second * size + self.unit]))
        return np.bincount(met // size, minlength=len(self.policies))


def shares_won(wins: Floats, ties: Floats) -> Floats:
    """What share of its weight against the column's policy the row's won, a tie half; 0 where they did not meet."""
    won = wins + ties / 2
    met = won + won.T
    return np.divide(won, met, out=np.zeros_like(won), where=met > 0)


def rankings_of(records: Iterable[ComparisonRecord], rules: PairRules) -> Iterator[PolicyRanking]:
    """What a leaderboard needs of records, the prompt being the unit; the rules say which judgments count at all."""
    for record in records:
        policies = tuple(response.policy for response in record.responses)
        for judgment in record.judgments:
            if judgment.ranking and counts_towards_pairs(judgment, rules):
                yield PolicyRanking(policies, judgment.ranking, record.prompt_hash)


def outcomes_of(rankings: Iterable[PolicyRanking], *, weight: Weight = "unit") -> Outcomes:
    """Break rankings into pairs. Two responses of one policy say nothing of policies and make no pair.

    Args:
        weight: `unit` lets all pairs of a unit sum to 1 however many people judged how many responses, as reward models
            are trained; `judgment` lets those of each ranking sum to 1; `pair` lets each count 1.

    Returns: pairs in the order of the rankings; empty for none.
    Raises: ValueError for another weight.
    Source: all K-choose-2 pairs of a prompt as one element: Ouyang et al. 2022, arXiv:2203.02155, section 3.5.
    """
    names: list[tuple[str, str]] = []
    rows: list[tuple[float, int, int, int, int]] = []
    units: dict[Hashable, int] = {}
    known: set[str] = set()
    for judgment, ranking in enumerate(rankings):
        known.update(name for name in ranking.policies if name is not None)
        for one, other, is_tie in pairs_in_ranking(ranking.ranking, len(ranking.policies)):
            first, second = ranking.policies[one], ranking.policies[other]
            if first is None or second is None or first == second:
                continue
            names.append((first, second))
            rows.append((0.5 if is_tie else 1.0, units.setdefault(ranking.unit, len(units)), judgment, one, other))
    policies = tuple(sorted(known))
    index = {name: number for number, name in enumerate(policies)}
    sides = np.array([(index[first], index[second]) for first, second in names], dtype=np.int64).reshape(-1, 2)
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    unit, judgment_of, first_at, second_at = (table[:, column].astype(np.int64) for column in range(1, 5))
    return Outcomes(
        policies=policies,
        first=sides[:, 0],
        second=sides[:, 1],
        score=table[:, 0],
        weight=_weights(weight, unit, judgment_of),
        unit=unit,
        units=len(units),
        judgment=judgment_of,
        first_at=first_at,
        second_at=second_at,
    )


def outcomes_of_pairs(
    first: Sequence[str], second: Sequence[str], score: Sequence[float], units: Sequence[Hashable] | None = None
) -> Outcomes:
    """The outcomes of pairs that are known as such: score 1, 0.5 or 0 for the first; each its own unit by default.

    Raises: ValueError for lengths that differ, another score, or a policy against itself.
    """
    if not len(first) == len(second) == len(score) == len(units if units is not None else first):
        raise ValueError("Pairs have a first, a second, a score and a unit each.")
    if any(one == other for one, other in zip(first, second, strict=True)):
        raise ValueError("A policy cannot meet itself.")
    if any(value not in (0, 0.5, 1) for value in score):
        raise ValueError("A score is 1, 0.5 or 0.")
    policies, numbers = np.unique(np.array([*first, *second], dtype=object), return_inverse=True)
    of_unit: dict[Hashable, int] = {}
    unit = np.array([of_unit.setdefault(one, len(of_unit)) for one in (units or range(len(first)))], dtype=np.int64)
    rows = np.arange(len(first))
    return Outcomes(
        policies=tuple(policies),
        first=numbers[: len(first)].astype(np.int64),
        second=numbers[len(first) :].astype(np.int64),
        score=np.asarray(score, dtype=np.float64),
        weight=_weights("unit", unit, rows),
        unit=unit,
        units=len(of_unit),
        judgment=rows,
        first_at=np.zeros_like(rows),
        second_at=np.ones_like(rows),
    )


def _weights(weight: Weight, unit: Indices, judgment: Indices) -> Floats:
    if weight not in ("unit", "judgment", "pair"):
        raise ValueError(f"weight={weight!r} is not one of unit, judgment, pair.")
    if weight == "pair" or not unit.size:
        return np.ones(unit.size)
    shares = unit if weight == "unit" else judgment
    weights: Floats = 1 / np.bincount(shares)[shares]
    return weights
