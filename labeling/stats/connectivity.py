"""Which policies the judgments put on one scale, and why the others stand apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from labeling.stats.undefined import Undefined

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


def reachable(edges: Bools) -> Bools:
    """From which node one comes to which by any number of edges, at least none: shape (P, P) for edges (P, P)."""
    reach = edges | np.eye(len(edges), dtype=bool)
    for _doubling in range(max(len(edges) - 1, 1).bit_length()):
        reach = (reach.astype(np.float32) @ reach.astype(np.float32)) > 0
    return reach


def groups_on_one_scale(wins: Floats, ties: Floats) -> list[list[int]]:
    """Part P policies into groups within which each is at least as good as each other by some chain of judgments.

    A win, or a tie, of one over the other is a link; strengths have a maximum-likelihood estimate within a group and
    none between groups. Groups come so that one that only ever won against another stands before it.

    Args:
        wins, ties: shape (P, P); see `Outcomes.tallies`.

    Source: Zermelo 1929; Ford 1957, American Mathematical Monthly 64(8), on when the estimate exists.
    """
    reach = reachable((wins + ties) > 0)
    return _classes(reach & reach.T, -reach.sum(axis=1))


def groups_that_met(wins: Floats, ties: Floats) -> list[list[int]]:
    """Part P policies into groups that are linked by comparisons at all, whatever their outcome."""
    linked = reachable((wins + wins.T + ties) > 0)
    return _classes(linked, -linked.sum(axis=1))


def _classes(same: Bools, order: NDArray[np.int64]) -> list[list[int]]:
    groups = {tuple(np.flatnonzero(row).tolist()) for row in same}
    return [list(group) for group in sorted(groups, key=lambda group: (order[group[0]], group))]


def bounds_tie_parameter(wins: Floats, ties: Floats) -> bool:
    """Whether a model with a tie parameter has a finite estimate on a group that is on one scale and has a tie.

    It has one if some circle of judgments has more wins than ties (two policies that beat each other are one). Without
    it all strengths can be drawn apart while the tie parameter grows, and the likelihood only rises. The directions in
    which it never falls are v_i − v_j ≥ 1 for a win of i over j and |v_i − v_j| ≤ 1 for a tie: a system of difference
    constraints, which has a solution just when no circle of its graph is negative (Bellman 1958; Ford 1956).
    """
    length = np.where(ties > 0, 1.0, np.inf)
    length[wins > 0] = -1.0
    distance = np.zeros(len(wins))
    for _round in range(len(wins)):
        distance = np.minimum(distance, (distance[:, None] + length).min(axis=0, initial=np.inf))
    return bool((distance[:, None] + length < distance[None, :]).any())


def why_alone(policy: int, wins: Floats, ties: Floats) -> Undefined:
    """Why a policy that is on a scale with nobody has no strength."""
    won, lost, tied = wins[policy].sum(), wins[:, policy].sum(), ties[policy].sum()
    if not won + lost + tied:
        return Undefined("it was never compared with another policy")
    if not lost + tied:
        return Undefined("it won every comparison, so that nothing bounds its strength from above")
    if not won + tied:
        return Undefined("it lost every comparison, so that nothing bounds its strength from below")
    return Undefined("it only ever won against some policies and only ever lost to the others")


def why_apart(groups: Sequence[Sequence[str]]) -> Undefined | None:
    """Why there is no one scale for all policies; None where there is, or where there is nobody."""
    if len(groups) < 2:
        return None
    names = "; ".join(", ".join(group) for group in groups)
    return Undefined(
        f"the judgments order the policies both ways only within {len(groups)} groups and not between them: {names}"
    )
