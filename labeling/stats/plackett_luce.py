"""Strengths of policies from whole rankings: Plackett–Luce, ties broken in every way.

Notation: P policies; a stage is a choice of the best from the responses that are left; θ strengths in nats.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from labeling.stats.bradley_terry import LONGEST_STEP_NATS, MOST_STEPS, SETTLED_NATS
from labeling.stats.outcomes import PolicyRanking

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Tied = tuple[int, ...]

LARGEST_TIE = 8


@dataclass(frozen=True)
class Stages:
    """Rankings taken apart into the sums that their likelihood needs.

    Attributes:
        chosen, chosen_weight, chosen_unit: who was chosen at some stage, how much that counts, of which unit; (C,).
        sets: the different sets of policies that were chosen from, as indices, padded with P; shape (S, K).
        set_of, set_weight, set_unit: which set each stage chose from, how much that counts, of which unit; (T,).
        policies: P.
        units: how many units there are.
    """

    chosen: Indices
    chosen_weight: Floats
    chosen_unit: Indices
    sets: Indices
    set_of: Indices
    set_weight: Floats
    set_unit: Indices
    policies: int
    units: int

    def totals(self, unit_weights: Floats) -> tuple[Floats, Floats]:
        """How often each policy was chosen, shape (P,), and from each set, shape (S,), with units so weighted."""
        chosen = self.chosen_weight * unit_weights[self.chosen_unit]
        stages = self.set_weight * unit_weights[self.set_unit]
        return (
            np.bincount(self.chosen, weights=chosen, minlength=self.policies).astype(np.float64),
            np.bincount(self.set_of, weights=stages, minlength=len(self.sets)).astype(np.float64),
        )


def stages_of(rankings: Sequence[PolicyRanking], policies: Sequence[str]) -> Stages:
    """Take rankings apart; responses of other policies than these leave them, as Luce's axiom allows.

    All rankings of a unit weigh 1 together. A tie of m is the mean over the m! ways to break it: a set of s of them is
    left at some moment in one of (m choose s) equally likely ways. For two responses this is a win half to each. What a
    ranking leaves out stands below, and in no order. Two responses of one policy are two chances for it to be chosen.

    Raises: ValueError for a ranking that cannot be broken.
    Source: Plackett 1975, Applied Statistics 24(2); Luce 1959, Individual Choice Behavior; the average over broken ties
        as for survival times, Kalbfleisch & Prentice 1973, Biometrika 60(2), taken of the log-likelihood.
    """
    if not all(can_be_broken(ranking) for ranking in rankings):
        raise ValueError(f"A tie of more than {LARGEST_TIE} cannot be broken in every way.")
    index = {name: number for number, name in enumerate(policies)}
    units: dict[Hashable, int] = {}
    unit_of = [units.setdefault(ranking.unit, len(units)) for ranking in rankings]
    share = 1 / np.bincount(np.array(unit_of, dtype=np.int64))
    chosen: list[tuple[int, float, int]] = []
    stages: list[tuple[int, float, int]] = []
    sets: dict[Tied, int] = {}
    for ranking, unit in zip(rankings, unit_of, strict=True):
        for members, from_sets in choices(groups_of(ranking, index)):
            chosen += [(policy, share[unit] * weight, unit) for policy, weight in members]
            stages += [(sets.setdefault(one, len(sets)), share[unit] * weight, unit) for one, weight in from_sets]
    widest = max((len(one) for one in sets), default=0)
    padded = [[*one, *[len(policies)] * (widest - len(one))] for one in sets]
    return Stages(
        *_columns(chosen),
        np.array(padded, dtype=np.int64).reshape(len(sets), widest),
        *_columns(stages),
        policies=len(policies),
        units=len(units),
    )


def groups_of(ranking: PolicyRanking, index: dict[str, int]) -> list[Tied]:
    """Tie groups of policies, best first, and last of all who is left out, which may be nobody."""
    named = {at for group in ranking.ranking for at in group}
    below = [at for at in range(len(ranking.policies)) if at not in named] if ranking.ranking else []
    groups = [
        tuple(sorted(index[name] for at in group if (name := ranking.policies[at]) is not None and name in index))
        for group in (*ranking.ranking, below)
    ]
    return [*(group for group in groups[:-1] if group), groups[-1]]


def can_be_broken(ranking: PolicyRanking) -> bool:
    """Whether no tie is too large: one of m is left over in 2^m − 1 ways."""
    return all(len(group) <= LARGEST_TIE for group in ranking.ranking)


def choices(groups: Sequence[Tied]) -> list[tuple[list[tuple[int, float]], list[tuple[Tied, float]]]]:
    """For each tie group who is chosen (policy, weight) and from what (set, weight); one policy alone is no choice."""
    found = []
    for at, group in enumerate(groups[:-1]):
        rest = tuple(policy for lower in groups[at + 1 :] for policy in lower)
        members: dict[int, float] = {}
        sets: list[tuple[Tied, float]] = []
        for size in range(1, len(group) + 1):
            weight = 1 / comb(len(group), size)
            for left in combinations(group, size):
                among = tuple(sorted(left + rest))
                if len(set(among)) == 1:
                    continue
                sets.append((among, weight))
                for policy in left:  # each of those left is equally likely to be the next
                    members[policy] = members.get(policy, 0.0) + weight / size
        found.append((list(members.items()), sets))
    return found


def fit_plackett_luce(stages: Stages, unit_weights: Floats, *, start: Floats | None = None) -> Floats:
    """Strengths in nats at which the rankings are most likely, shape (P,), summing to 0, by Newton's method.

    There is one where `labeling.stats.connectivity.groups_on_one_scale` finds one group (Hunter 2004).

    Args:
        unit_weights: how much each unit counts, shape (units,).
        start: strengths to begin from, shape (P,).

    Raises: ArithmeticError if the fit does not settle.
    Source: Hunter 2004, Annals of Statistics 32(1), for the likelihood; the steps as in `bradley_terry`.
    """
    chosen, count = stages.totals(unit_weights)
    strengths = np.zeros(stages.policies) if start is None else start
    for _step in range(MOST_STEPS):
        gradient, information = _derivatives(stages.sets, count, strengths)
        change = np.linalg.solve(information + 1.0, chosen + gradient - strengths.sum())
        length = float(np.abs(change).max(initial=0.0))
        strengths = strengths + change * min(1.0, LONGEST_STEP_NATS / max(length, SETTLED_NATS))
        if length < SETTLED_NATS:
            return strengths
    raise ArithmeticError(f"The strengths did not settle within {MOST_STEPS} steps.")


def _derivatives(sets: Indices, count: Floats, strengths: Floats) -> tuple[Floats, Floats]:
    """Less the expected choices, shape (P,), and the covariance of choices, shape (P, P), over all stages."""
    size = len(strengths)
    worth = np.append(np.exp(strengths - strengths.max()), 0.0)[sets]
    share = worth / worth.sum(axis=1, keepdims=True)
    weighted = share * count[:, None]
    expected = np.bincount(sets.ravel(), weights=weighted.ravel(), minlength=size + 1)[:size].astype(np.float64)
    both: Floats = np.zeros((size + 1) ** 2)
    for column in range(sets.shape[1]):
        cells = sets[:, column, None] * (size + 1) + sets
        product = weighted[:, column, None] * share
        both = both + np.bincount(cells.ravel(), weights=product.ravel(), minlength=len(both))
    return -expected, np.diag(expected) - both.reshape(size + 1, size + 1)[:size, :size]


def _columns(rows: Sequence[tuple[int, float, int]]) -> tuple[Indices, Floats, Indices]:
    table = np.array(rows, dtype=np.float64).reshape(-1, 3)
    return table[:, 0].astype(np.int64), table[:, 1], table[:, 2].astype(np.int64)
