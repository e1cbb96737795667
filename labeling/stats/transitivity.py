"""Whether preferences go in circles, and how consistent one annotator's own are.

Notation: a triad is three items of which each two were compared and one preferred; it is circular where each of them is
preferred to the next.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.stats.intervals import Share, wilson_share
from labeling.stats.undefined import Undefined

Bools = NDArray[np.bool_]

NO_TRIAD = Undefined("no three of them were all compared with each other and told apart")


@dataclass(frozen=True, slots=True)
class PairVerdict:
    """What somebody said of two items. `score` is 1 where the first was preferred, 0.5 for a tie, 0 for the second.

    Only items of one `group` make triads: the responses of a prompt, or a single group for policies.
    """

    annotator: str
    group: Hashable
    first: Hashable
    second: Hashable
    score: float


@dataclass(frozen=True, slots=True)
class Consistency:
    """How free of circles somebody's own verdicts are.

    Attributes:
        triads, circular: how many, over all groups; a coin makes one in four circular.
        tied: how many threes were all compared, with a tie among them, and make no triad.
        tied_misfits: how many of those fit no order with ties, such as x = y, y = z and x > z. Differences too small to
            notice make such threes of consistent people too (Luce 1956, Econometrica 24(2)).
        share: of circular triads; the interval takes as trials only as many as can have no pair in common.
        zeta: 1 without a circle, 0 with as many as there can be; over groups of which each two items were compared and
            told apart.
    """

    triads: int
    circular: int
    tied: int
    tied_misfits: int
    share: Share | Undefined
    zeta: float | Undefined


def circular_triads(beats: Bools) -> tuple[int, int]:
    """How many triads there are and how many are circular, for `beats` of shape (n, n), never both ways.

    Returns: (1, 1) for paper, scissors and stone.
    """
    one_way, either = beats.astype(np.float64), (beats | beats.T).astype(np.float64)
    triads, circular = np.trace(either @ either @ either) / 6, np.trace(one_way @ one_way @ one_way) / 3
    return round(float(triads)), round(float(circular))


def most_circular_triads(items: int) -> int:
    """How many circular triads there can be among n items that were all compared: (n³ − n)/24, or (n³ − 4n)/24 if even.

    Source: Kendall & Babington Smith 1940, Biometrika 31.
    """
    return (items**3 - (items if items % 2 else 4 * items)) // 24


def kendall_zeta(beats: Bools) -> float | Undefined:
    """The coefficient of consistence of a complete set of comparisons: 1 − circular / most that there can be.

    Args:
        beats: shape (n, n), exactly one of (i, j) and (j, i) for each two items.

    Source: Kendall & Babington Smith 1940, Biometrika 31.
    """
    items = len(beats)
    if items < 3:
        return Undefined("fewer than three items cannot go in circles")
    if not ((beats ^ beats.T) | np.eye(items, dtype=bool)).all():
        return Undefined("not each two items were compared and told apart")
    return 1 - circular_triads(beats)[1] / most_circular_triads(items)


def consistency_of_annotators(verdicts: Iterable[PairVerdict]) -> dict[str, Consistency]:
    """How consistent each annotator is. Whoever judged a pair several times is taken at their majority."""
    leads: dict[str, dict[Hashable, dict[tuple[Hashable, Hashable], float]]] = {}
    for verdict in verdicts:
        of_group = leads.setdefault(verdict.annotator, {}).setdefault(verdict.group, {})
        for pair, lead in (
            ((verdict.first, verdict.second), verdict.score - 0.5),
            ((verdict.second, verdict.first), 0.5 - verdict.score),
        ):
            of_group[pair] = of_group.get(pair, 0.0) + lead
    return {annotator: _consistency(list(groups.values())) for annotator, groups in leads.items()}


def _consistency(groups: Sequence[dict[tuple[Hashable, Hashable], float]]) -> Consistency:
    triads = circular = tied = misfits = trials = found = most = 0
    for leads in groups:
        items = list(dict.fromkeys(item for pair in leads for item in pair))
        place = {item: at for at, item in enumerate(items)}
        met, beats = np.zeros((2, len(items), len(items)), dtype=bool)
        for (one, other), lead in leads.items():
            met[place[one], place[other]] = True
            beats[place[one], place[other]] = lead > 0
        told, circles = circular_triads(beats)
        triads, circular = triads + told, circular + circles
        with_tie = circular_triads(met)[0] - told
        tied, misfits = tied + with_tie, misfits + with_tie - _fitting_ties(beats, met & ~beats & ~beats.T)
        trials += min(told, int(beats.sum()) // 3)
        if not isinstance(kendall_zeta(beats), Undefined):
            found, most = found + circles, most + most_circular_triads(len(items))
    return Consistency(
        triads=triads,
        circular=circular,
        tied=tied,
        tied_misfits=misfits,
        share=wilson_share(circular / triads, trials) if triads else NO_TRIAD,
        zeta=1 - found / most if most else Undefined("no three items or more were all compared and told apart"),
    )


def _fitting_ties(beats: Bools, equal: Bools) -> int:
    """How many threes are all equal, or two equal ones that both beat the third or both lose to it."""
    one_way, even = beats.astype(np.float64), equal.astype(np.float64)
    same_side = (even * (one_way @ one_way.T + one_way.T @ one_way)).sum() / 2
    return round(float(np.trace(even @ even @ even) / 6 + same_side))
