"""Whether policies go in circles in the majority's eyes: A beats B, B beats C, C beats A."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from labeling.stats.bradley_terry import TiesAs, chances, fit_bradley_terry
from labeling.stats.connectivity import bounds_tie_parameter, groups_on_one_scale, reachable
from labeling.stats.intervals import Interval
from labeling.stats.outcomes import Outcomes, shares_won
from labeling.stats.resampling import ROUNDS
from labeling.stats.transitivity import NO_TRIAD, circular_triads
from labeling.stats.undefined import Undefined

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cycle:
    """Three policies of which each beats the next, and the last the first.

    Attributes:
        weakest: the least of the three shares won, above one half.
        support: the posterior chance that each of the three wins more than half in the long run, with the units of a
            pair as trials and Jeffreys' prior on each share.
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
        by_noise: between which shares of circular triads 95 % of the rounds lie in which each pair is judged by the
            chances of the best Bradley–Terry model, which knows no circles, in as many units as it was.
        cycles: the circular triads, the best supported first.
        tangles: groups of policies each of which beats each other by some chain of majorities; without one, the
            majorities are an order.
    """

    triads: int
    circular: int
    by_noise: Interval | Undefined
    cycles: tuple[Cycle, ...]
    tangles: tuple[tuple[str, ...], ...]

    @property
    def share(self) -> float | Undefined:
        """What share of the triads is circular."""
        return self.circular / self.triads if self.triads else NO_TRIAD


def majority_cycles(outcomes: Outcomes, *, rounds: int = ROUNDS, seed: int = 0) -> MajorityCycles:
    """Find the circles among policies; a tie is half a win, and an even majority decides nothing."""
    shares = shares_won(*outcomes.tallies())
    triads, circular = circular_triads(shares > 0.5)
    cycles = _cycles(outcomes.policies, shares, _chances_of_majority(shares, outcomes.units_of_pairs()))
    return MajorityCycles(
        triads=triads,
        circular=circular,
        by_noise=_circles_by_noise(outcomes, rounds, seed),
        cycles=tuple(sorted(cycles, key=lambda one: (-one.support, one.policies))),
        tangles=tuple(_tangles(outcomes.policies, shares > 0.5)),
    )


def _circles_by_noise(outcomes: Outcomes, rounds: int, seed: int) -> Interval | Undefined:
    """What share of triads chance makes circular among policies that have an order."""
    wins, ties = outcomes.tallies()
    if len(groups_on_one_scale(wins, ties)) != 1:
        return Undefined("the judgments do not put the policies on one scale, and give no chances to draw from")
    model: TiesAs = "davidson" if ties.any() and bounds_tie_parameter(wins, ties) else "half"
    fitted = fit_bradley_terry(wins[None], ties[None], ties_as=model)
    one, other = np.triu_indices(len(wins), 1)
    tie_parameter = None if fitted.tie_parameter is None else float(fitted.tie_parameter[0])
    win, tie = chances(fitted.strengths[0][one] - fitted.strengths[0][other], tie_parameter, model)
    units = outcomes.units_of_pairs()[one, other]
    draw = np.random.default_rng(seed)
    found = []
    for _round in range(rounds):
        won, tied, lost = draw.multinomial(units, np.stack([win, tie, 1 - win - tie], axis=1).clip(0)).T
        drawn, drawn_ties = np.zeros((2, *wins.shape))
        drawn[one, other], drawn[other, one] = won, lost
        drawn_ties[one, other] = drawn_ties[other, one] = tied
        triads, circular = circular_triads(shares_won(drawn, drawn_ties) > 0.5)
        found += [circular / triads] if triads else []
    if len(found) < rounds:
        return Undefined("by chance alone there would be rounds without a triad")
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(float(low), float(high))


def _chances_of_majority(shares: Floats, units: NDArray[np.int64]) -> Floats:
    """The posterior chance that a pair's share is above one half, shape (P, P); 1/2 where the two did not meet."""
    from scipy.special import betainc

    chance: Floats = 1 - betainc(0.5 + shares * units, 0.5 + (1 - shares) * units, 0.5)
    return chance


def _cycles(policies: Sequence[str], shares: Floats, majority: Floats) -> Iterator[Cycle]:
    beats = shares > 0.5
    for i, j, k in combinations(range(len(policies)), 3):
        for a, b, c in ((i, j, k), (i, k, j)):
            if beats[a, b] and beats[b, c] and beats[c, a]:
                yield Cycle(
                    policies=(policies[a], policies[b], policies[c]),
                    weakest=float(min(shares[a, b], shares[b, c], shares[c, a])),
                    support=float(majority[a, b] * majority[b, c] * majority[c, a]),
                )


def _tangles(policies: Sequence[str], beats: Bools) -> Iterator[tuple[str, ...]]:
    reach = reachable(beats)
    groups = {tuple(np.flatnonzero(row).tolist()) for row in reach & reach.T}
    yield from (tuple(policies[at] for at in group) for group in sorted(groups) if len(group) > 1)
