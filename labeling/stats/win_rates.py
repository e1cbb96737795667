"""How often policies win: against all, on average over opponents, and against each; a tie is half a win."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.stats.intervals import Share, wilson_share
from labeling.stats.outcomes import Outcomes, shares_won
from labeling.stats.resampling import ROUNDS, percentiles, unit_weights
from labeling.stats.standings import Score
from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]

MET_NOBODY = Undefined("it was never compared with another policy")


@dataclass(frozen=True)
class WinRate:
    """How often a policy wins.

    Attributes:
        overall: of all its weight; who meets weak opponents more often looks stronger.
        average: the mean of its shares against each opponent, each opponent counting once.
        against: its share against each opponent that it met.
    """

    policy: str
    overall: Share | Undefined
    average: Score | Undefined
    against: Mapping[str, Share]


def win_rates(outcomes: Outcomes, *, rounds: int = ROUNDS, seed: int = 0) -> list[WinRate]:
    """Win rates of all policies, the highest average first; those that met nobody come last.

    Intervals of shares are Wilson's with the units as trials; that of the average weighs the units anew.
    """
    wins, ties = outcomes.tallies()
    won = wins + ties / 2
    met = won + won.T
    units = _units_of_pairs(outcomes)
    averages = _averages(wins, ties)
    drawn = [_averages(*outcomes.tallies(weights)) for weights in unit_weights(outcomes.units, rounds, seed)]
    spread = np.array(drawn).reshape(rounds, len(outcomes.policies))
    counts = outcomes.units_of_policies()
    rates = []
    for at, policy in enumerate(outcomes.policies):
        if not met[at].any():
            rates.append(WinRate(policy, MET_NOBODY, MET_NOBODY, {}))
            continue
        overall = wilson_share(_share(won[at].sum(), met[at].sum()), int(counts[at]))
        against = {
            outcomes.policies[other]: wilson_share(_share(won[at, other], met[at, other]), int(units[at, other]))
            for other in np.flatnonzero(met[at])
        }
        average = Score(float(averages[at]), percentiles(spread[:, at]))
        rates.append(WinRate(policy, overall, average, against))
    return sorted(rates, key=lambda rate: -rate.average.value if isinstance(rate.average, Score) else 1.0)


def _averages(wins: Floats, ties: Floats) -> Floats:
    """The mean over opponents of the share won, shape (P,); 0 where there is none."""
    opponents = ((wins + wins.T + ties) > 0).sum(axis=1)
    averages: Floats = shares_won(wins, ties).sum(axis=1) / np.maximum(opponents, 1)
    return averages


def _share(won: float, met: float) -> float:
    return min(1.0, float(won / met))


def _units_of_pairs(outcomes: Outcomes) -> NDArray[np.int64]:
    """In how many units each two policies met, shape (P, P)."""
    size, units = len(outcomes.policies), max(outcomes.units, 1)
    low, high = np.minimum(outcomes.first, outcomes.second), np.maximum(outcomes.first, outcomes.second)
    cells = np.unique((low * size + high) * units + outcomes.unit) // units
    counts = np.bincount(cells, minlength=size * size).reshape(size, size)
    return counts + counts.T
