"""What a leaderboard is: groups of policies, each on one scale, with strengths, ranks and how sure they are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from labeling.stats.bradley_terry import chances
from labeling.stats.connectivity import why_alone, why_apart
from labeling.stats.intervals import Interval
from labeling.stats.outcomes import Outcomes
from labeling.stats.resampling import percentiles
from labeling.stats.scale import Scale
from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]

ALL_TIES = Undefined("every judgment between these policies is a tie, so that nothing orders them")
ONE_UNIT = Undefined("all judgments are of one prompt or comparison, so that nothing shows how much they vary")


@dataclass(frozen=True, slots=True)
class Score:
    """A value, and its 95 % interval."""

    value: float
    interval: Interval | Undefined


@dataclass(frozen=True, slots=True)
class Rank:
    """A place within the group, 1 the best, and the places that 95 % of the rounds lie between."""

    value: int
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Chance:
    """How likely the one policy wins against the other, and how likely they tie; they lose in the rest."""

    win: float
    tie: float

    @property
    def expected_score(self) -> float:
        """A tie being half a win."""
        return self.win + self.tie / 2


@dataclass(frozen=True, slots=True)
class Standing:
    """One line of a leaderboard; `units` is how many units the policy met another in."""

    policy: str
    units: int
    score: Score | Undefined
    rank: Rank | Undefined


@dataclass(frozen=True)
class Group:
    """Policies that one scale orders, best first.

    Attributes:
        tie_parameter: of the group's model, ν of Davidson or θ of Rao and Kupper; None where the model has none.
    """

    standings: tuple[Standing, ...]
    tie_parameter: Score | Undefined | None = None


@dataclass(frozen=True)
class Leaderboard:
    """Policies by strength.

    Attributes:
        method: how the strengths came about, in words.
        groups: one where all policies are on one scale. A group that only ever won against another comes before it; the
            points of different groups have nothing to do with each other.
        apart: why there are several groups.
        chances: by (one, other), of policies of one group.
        left_out: how many judgments the method could not take.
    """

    method: str
    scale: Scale
    groups: tuple[Group, ...]
    apart: Undefined | None
    chances: Mapping[tuple[str, str], Chance] = field(default_factory=dict)
    left_out: int = 0

    @property
    def standings(self) -> tuple[Standing, ...]:
        return tuple(standing for group in self.groups for standing in group.standings)

    def chance(self, one: str, other: str) -> Chance | Undefined:
        """How likely `one` wins against `other` by the model.

        Raises: KeyError for a policy that is not on the board.
        """
        if one == other:
            return Undefined("a policy does not meet itself")
        if missing := {one, other} - {standing.policy for standing in self.standings}:
            raise KeyError(f"There is no policy {min(missing)} on this leaderboard.")
        return self.chances.get((one, other), Undefined("the judgments do not put the two on one scale"))


@dataclass(frozen=True)
class GroupFit:
    """Strengths of the n policies of a group in nats, shape (n,), and of each round, shape (R, n)."""

    strengths: Floats
    rounds: Floats
    tie_parameter: Score | Undefined | None = None
    chance_at: Callable[[Floats], tuple[Floats, Floats]] = field(default=lambda lead: chances(lead, None, "half"))


FitGroup = Callable[[Outcomes], GroupFit | Undefined]


def leaderboard_of(
    method: str,
    outcomes: Outcomes,
    groups: Sequence[Sequence[int]],
    fit: FitGroup,
    *,
    scale: Scale,
) -> Leaderboard:
    """Fit each group by itself and put the groups under each other.

    Args:
        groups: indices of the policies of each; one alone has no strength, whatever `fit` would say.
    """
    wins, ties = outcomes.tallies()
    units = outcomes.units_of_policies()
    found: list[Group] = []
    likely: dict[tuple[str, str], Chance] = {}
    for members in groups:
        names = [outcomes.policies[member] for member in members]
        counts = [int(units[member]) for member in members]
        among = outcomes.among(members)
        fitted = fit(among) if len(members) > 1 else why_alone(members[0], wins, ties)
        if isinstance(fitted, Undefined):
            lines = [Standing(*line, fitted, fitted) for line in zip(names, counts, strict=True)]
            found.append(Group(tuple(lines)))
            continue
        found.append(Group(_standings(names, counts, among.units, fitted, scale), fitted.tie_parameter))
        likely |= _chances(names, fitted)
    apart = why_apart([[outcomes.policies[member] for member in members] for members in groups])
    return Leaderboard(method, scale, tuple(found), apart, likely)


def _standings(
    names: Sequence[str], counts: Sequence[int], units: int, fitted: GroupFit, scale: Scale
) -> tuple[Standing, ...]:
    places = _places(fitted.strengths[None])[0]
    drawn = _places(fitted.rounds)
    lines = []
    for at in sorted(range(len(names)), key=lambda at: int(places[at])):
        spread = percentiles(fitted.rounds[:, at]) if units > 1 else ONE_UNIT
        rank: Rank | Undefined = spread if isinstance(spread, Undefined) else _rank(int(places[at]), drawn[:, at])
        score = Score(scale.points(float(fitted.strengths[at])), _on(scale, spread))
        lines.append(Standing(names[at], counts[at], score, rank))
    return tuple(lines)


def _places(strengths: Floats) -> NDArray[np.int64]:
    """Each policy's place in each round, 1 for the strongest, shape (R, n)."""
    return np.argsort(np.argsort(-strengths, axis=1, kind="stable"), axis=1, kind="stable") + 1


def _rank(place: int, drawn: NDArray[np.int64]) -> Rank:
    low, high = np.quantile(drawn, [0.025, 0.975], method="inverted_cdf")
    return Rank(place, min(place, int(low)), max(place, int(high)))


def _on(scale: Scale, spread: Interval | Undefined) -> Interval | Undefined:
    if isinstance(spread, Undefined):
        return spread
    return Interval(scale.points(spread.low), scale.points(spread.high))


def _chances(names: Sequence[str], fitted: GroupFit) -> dict[tuple[str, str], Chance]:
    win, tie = fitted.chance_at(fitted.strengths[:, None] - fitted.strengths[None, :])
    return {
        (one, other): Chance(float(win[i, j]), float(tie[i, j]))
        for i, one in enumerate(names)
        for j, other in enumerate(names)
        if i != j
    }
