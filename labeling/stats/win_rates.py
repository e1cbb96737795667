"""How often policies win: against all, on average over opponents, and against each; a tie is half a win."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from labeling.stats.intervals import Interval, Share, wilson_share
from labeling.stats.outcomes import Outcomes, shares_won
from labeling.stats.standings import Score
from labeling.stats.undefined import Undefined

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


def win_rates(outcomes: Outcomes) -> list[WinRate]:
    """Win rates of all policies, the highest average first; those that met nobody come last.

    Intervals of shares are Wilson's, with the units as trials.
    """
    wins, ties = outcomes.tallies()
    shares, met = shares_won(wins, ties), wins + wins.T + ties
    units, counts = outcomes.units_of_pairs(), outcomes.units_of_policies()
    rates = []
    for at, policy in enumerate(outcomes.policies):
        if not met[at].any():
            rates.append(WinRate(policy, MET_NOBODY, MET_NOBODY, {}))
            continue
        won = float((shares[at] * met[at]).sum() / met[at].sum())
        against = {
            outcomes.policies[other]: wilson_share(float(shares[at, other]), int(units[at, other]))
            for other in np.flatnonzero(met[at])
        }
        overall = wilson_share(min(won, 1.0), int(counts[at]))
        rates.append(WinRate(policy, overall, mean_of_shares(list(against.values())), against))
    return sorted(rates, key=lambda rate: -rate.average.value if isinstance(rate.average, Score) else 1.0)


def mean_of_shares(shares: Sequence[Share]) -> Score:
    """The mean of independent shares, with the interval that theirs make: that of the one share where there is one.

    Weighing units anew would not do, for a share of a single unit then never moves.

    Source: Zou & Donner 2008, Statistics in Medicine 27(10) (variance recovered from the limits).
    """
    value = float(np.mean([one.share for one in shares]))
    below = float(np.sqrt(sum((one.share - one.low) ** 2 for one in shares))) / len(shares)
    above = float(np.sqrt(sum((one.high - one.share) ** 2 for one in shares))) / len(shares)
    return Score(value, Interval(value - below, value + above))
