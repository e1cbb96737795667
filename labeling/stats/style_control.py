"""Strengths of policies at equal style: Bradley–Terry with what differs in style as covariates.

Notation: N pairs, P policies, F covariates, U units.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.stats.audits.models import fit_logistic
from labeling.stats.connectivity import groups_on_one_scale
from labeling.stats.intervals import Z_95, Interval
from labeling.stats.outcomes import Outcomes
from labeling.stats.resampling import ROUNDS
from labeling.stats.scale import ELO, Scale
from labeling.stats.standings import ALL_TIES, GroupFit, Leaderboard, Score, leaderboard_of
from labeling.stats.style import COVARIATES
from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]

NO_DIFFERENCE = Undefined("no two responses that were judged against each other differ in it")


@dataclass(frozen=True, slots=True)
class StyleEffect:
    """What one covariate does to the odds of winning.

    Attributes:
        coefficient: in nats for a typical difference; e to it is by how much the odds rise.
        typical: the root mean square of the relative differences, 0 to 1.
    """

    covariate: str
    coefficient: Score | Undefined
    typical: float


@dataclass(frozen=True)
class StyleControl:
    """A leaderboard at equal style. `left_out` is how many pairs have a text that is not known."""

    leaderboard: Leaderboard
    effects: tuple[StyleEffect, ...]
    left_out: int


@dataclass(frozen=True)
class _Fitted:
    """Coefficients of the columns of the design, shape (p,), and their covariance."""

    coefficients: Floats
    covariance: Floats


def style_controlled_leaderboard(
    outcomes: Outcomes,
    differences: Floats,
    *,
    covariates: Sequence[str] = tuple(COVARIATES),
    rounds: int = ROUNDS,
    seed: int = 0,
    scale: Scale = ELO,
) -> StyleControl:
    """Fit log-odds of winning = θ_first − θ_second + Σ β · difference / typical, a tie being half of each.

    Differences are divided by their root mean square and not centred, so that it does not matter which response of a
    pair is named first. Policies that the judgments do not put on one scale share the β and no scale. Intervals are of
    the normal law with the covariance robust to what the pairs of a unit have in common.

    Args:
        differences: see `style_differences`, shape (N, F); pairs with NaN are left out.

    Raises: ValueError where the differences are not of these outcomes and covariates.
    Source: Li, Angelopoulos & Chiang 2024 (style control); Liang & Zeger 1986, Biometrika 73(1), for the covariance.
    """
    if differences.shape != (len(outcomes.score), len(covariates)):
        raise ValueError(f"Differences of shape {differences.shape} are not of these pairs and covariates.")
    known = np.asarray(~np.isnan(differences).any(axis=1), dtype=np.bool_)
    outcomes, differences = outcomes.where(known), differences[known]
    groups = groups_on_one_scale(*outcomes.tallies())
    typical = np.sqrt((differences**2).mean(axis=0)) if len(differences) else np.zeros(len(covariates))
    varies = typical > 0
    contrasts = _contrasts(groups, len(outcomes.policies))
    fitted = _fit(outcomes, groups, contrasts, differences[:, varies] / typical[varies])
    draw = np.random.default_rng(seed)
    place = {outcomes.policies[policy]: policy for policy in range(len(outcomes.policies))}

    def fit(among: Outcomes) -> GroupFit | Undefined:
        if isinstance(fitted, Undefined):
            return fitted
        if not among.tallies()[0].any():
            return ALL_TIES
        rows = contrasts[[place[name] for name in among.policies]]
        width = contrasts.shape[1]
        strengths = rows @ fitted.coefficients[:width]
        covariance = rows @ fitted.covariance[:width, :width] @ rows.T
        return GroupFit(strengths, draw.multivariate_normal(strengths, covariance, size=rounds, method="eigh"))

    return StyleControl(
        leaderboard=leaderboard_of("Bradley–Terry at equal style, ties as half", outcomes, groups, fit, scale=scale),
        effects=_effects(fitted, covariates, typical, contrasts.shape[1]),
        left_out=int((~known).sum()),
    )


def _contrasts(groups: Sequence[Sequence[int]], policies: int) -> Floats:
    """From free parameters to strengths that sum to 0 within each group, shape (P, P − number of groups)."""
    columns = []
    for group in groups:
        for member in group[1:]:
            column = np.zeros(policies)
            column[group] = -1 / len(group)
            column[member] += 1
            columns.append(column)
    return np.array(columns).reshape(len(columns), policies).T


def _fit(
    outcomes: Outcomes, groups: Sequence[Sequence[int]], contrasts: Floats, differences: Floats
) -> _Fitted | Undefined:
    """Fit the pairs within groups; pairs between groups bound nothing."""
    group_of = np.zeros(len(outcomes.policies), dtype=np.int64)
    for number, group in enumerate(groups):
        group_of[list(group)] = number
    inside = group_of[outcomes.first] == group_of[outcomes.second]
    within = outcomes.where(inside)
    if not len(within.score):
        return Undefined("no two policies were both better than each other at some time")
    design = np.hstack([contrasts[within.first] - contrasts[within.second], differences[inside]])
    fitted = fit_logistic(design, within.score, within.weight)
    if isinstance(fitted, Undefined):
        return fitted
    if within.units < 2:
        return Undefined("all judgments are of one prompt or comparison")
    bread = np.linalg.inv(design.T @ (design * fitted.information[:, None]))
    sums = np.stack([np.bincount(within.unit, weights=column) for column in fitted.scores.T], axis=1)
    covariance = bread @ (sums.T @ sums) @ bread * (within.units / (within.units - 1))
    return _Fitted(fitted.coefficients, covariance)


def _effects(
    fitted: _Fitted | Undefined, covariates: Sequence[str], typical: Floats, begin: int
) -> tuple[StyleEffect, ...]:
    effects = []
    column = begin
    for name, size in zip(covariates, typical, strict=True):
        coefficient: Score | Undefined = NO_DIFFERENCE
        if size > 0 and isinstance(fitted, Undefined):
            coefficient = fitted
        elif size > 0 and isinstance(fitted, _Fitted):
            value, half = float(fitted.coefficients[column]), Z_95 * float(fitted.covariance[column, column]) ** 0.5
            coefficient = Score(value, Interval(value - half, value + half))
            column += 1
        effects.append(StyleEffect(name, coefficient, float(size)))
    return tuple(effects)
