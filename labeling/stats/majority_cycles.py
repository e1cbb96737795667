"""Whether policies go in circles in the majority's eyes: A beats B, B beats C, C beats A."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from labeling.stats.bradley_terry import TiesAs, chances, fit_bradley_terry
from labeling.stats.connectivity import bounds_tie_parameter, groups_on_one_scale, reachable
from labeling.stats.intervals import Interval
from labeling.stats.outcomes import Outcomes, shares_won
from labeling.stats.resampling import ROUNDS, unit_weights
from labeling.stats.transitivity import circular_triads
from labeling.stats.undefined import Undefined

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cycle:
    """Three policies of which each beats the next, and the last the first.

    Attributes:
        weakest: the least of the three shares won, above one half.
        support: in what share of the rounds the circle stands when the units are weighed anew.
    """

    policies: tuple[str, str, str]
    weakest: float
    support: float


@dataclass(frozen=True)
class MajorityCycles:
    """Circles among policies, each pair being decided by the majority of its weight.

    Attributes:
        triads: how many threes of policies all met and were told apart.
        circular: how many of them are circular.
        by_noise: between which numbers 95 % of the rounds lie in which each pair is judged as often as it was, with the
            chances of the best Bradley–Terry model, which knows no circles.
        cycles: the circular triads, the best supported first.
        tangles: groups of policies each of which beats each other by some chain of majorities; without one, the
            majorities are an order.
    """

    triads: int
    circular: int
    by_noise: Interval | Undefined
    cycles: tuple[Cycle, ...]
    tangles: tuple[tuple[str, ...], ...]


def majority_cycles(outcomes: Outcomes, *, rounds: int = ROUNDS, seed: int = 0) -> MajorityCycles:
    """Find the circles among policies; a tie is half a win, and an even majority decides nothing."""
    shares = shares_won(*outcomes.tallies())
    triads, circular = circular_triads(shares > 0.5)
    drawn = [shares_won(*outcomes.tallies(weights)) > 0.5 for weights in unit_weights(outcomes.units, rounds, seed)]
    return MajorityCycles(
        triads=triads,
        circular=circular,
        by_noise=_circles_by_noise(outcomes, rounds, seed),
        cycles=tuple(sorted(_cycles(outcomes.policies, shares, drawn), key=lambda one: (-one.support, one.policies))),
        tangles=tuple(_tangles(outcomes.policies, shares > 0.5)),
    )


def _circles_by_noise(outcomes: Outcomes, rounds: int, seed: int) -> Interval | Undefined:
    """How many circular triads chance makes among policies that have an order.

    Judgments of a pair are taken as independent, as many as their weights are worth: (Σ w)² / Σ w² (Kish 1965, section
    11.7).
    """
    wins, ties = outcomes.tallies()
    if len(groups_on_one_scale(wins, ties)) != 1:
        return Undefined("the judgments do not put the policies on one scale, and give no chances to draw from")
    model: TiesAs = "davidson" if ties.any() and bounds_tie_parameter(wins, ties) else "half"
    fitted = fit_bradley_terry(wins[None], ties[None], ties_as=model)
    one, other = np.triu_indices(len(wins), 1)
    tie_parameter = None if fitted.tie_parameter is None else float(fitted.tie_parameter[0])
    win, tie = chances(fitted.strengths[0][one] - fitted.strengths[0][other], tie_parameter, model)
    worth = _worth(outcomes)[one, other]
    draw = np.random.default_rng(seed)
    counts = []
    for _round in range(rounds):
        won, tied, lost = draw.multinomial(worth, np.stack([win, tie, 1 - win - tie], axis=1).clip(0)).T
        drawn, drawn_ties = np.zeros((2, *wins.shape))
        drawn[one, other], drawn[other, one] = won, lost
        drawn_ties[one, other] = drawn_ties[other, one] = tied
        counts.append(circular_triads(shares_won(drawn, drawn_ties) > 0.5)[1])
    low, high = np.quantile(counts, [0.025, 0.975], method="inverted_cdf")
    return Interval(float(low), float(high))


def _worth(outcomes: Outcomes) -> NDArray[np.int64]:
    """How many judgments of weight 1 those of each two policies are worth, shape (P, P)."""
    wins, ties = outcomes.tallies()
    squared_wins, squared_ties = replace(outcomes, weight=outcomes.weight**2).tallies()
    total, squares = wins + wins.T + ties, squared_wins + squared_wins.T + squared_ties
    return np.rint(np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)).astype(np.int64)


def _cycles(policies: Sequence[str], shares: Floats, drawn: Sequence[Bools]) -> Iterator[Cycle]:
    beats = shares > 0.5
    for i, j, k in combinations(range(len(policies)), 3):
        for a, b, c in ((i, j, k), (i, k, j)):
            if beats[a, b] and beats[b, c] and beats[c, a]:
                yield Cycle(
                    policies=(policies[a], policies[b], policies[c]),
                    weakest=float(min(shares[a, b], shares[b, c], shares[c, a])),
                    support=float(np.mean([one[a, b] and one[b, c] and one[c, a] for one in drawn])),
                )


def _tangles(policies: Sequence[str], beats: Bools) -> Iterator[tuple[str, ...]]:
    reach = reachable(beats)
    groups = {tuple(np.flatnonzero(row).tolist()) for row in reach & reach.T}
    yield from (tuple(policies[at] for at in group) for group in sorted(groups) if len(group) > 1)
