"""The two models that audits fit: a weighted line and a conditional logistic model. Shapes: N outcomes, p columns."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.stats.undefined import Undefined

Floats = NDArray[np.float64]

MOST_STEPS = 30
SETTLED = 1e-9
NO_FINITE_SLOPE = "one side always wins where the two differ, so that no finite slope fits best"


@dataclass(frozen=True)
class Fit:
    """A fitted model, as far as its uncertainty needs it.

    Attributes:
        coefficients: shape (p,).
        design: shape (N, p).
        scores: what each outcome adds to the gradient of the log-likelihood, shape (N, p); columns sum to 0.
        information: what each outcome weighs in the Hessian, design' · diag(information) · design; shape (N,).
    """

    coefficients: Floats
    design: Floats
    scores: Floats
    information: Floats


def fit_line(design: Floats, outcome: Floats, weight: Floats) -> Fit | Undefined:
    """Weighted least squares; with a column of ones alone, the weighted mean."""
    if _is_singular(design):
        return Undefined(_why_singular(design))
    hessian = design.T @ (design * weight[:, None])
    coefficients: Floats = np.linalg.solve(hessian, design.T @ (weight * outcome)).astype(np.float64)
    residuals = weight * (outcome - design @ coefficients)
    return Fit(coefficients, design, design * residuals[:, None], weight)


def fit_logistic(design: Floats, outcome: Floats, weight: Floats) -> Fit | Undefined:
    """Logistic regression of who wins a pair on what differs between its two responses, by Newton's method.

    With a pair as the stratum and the difference of the two responses as the covariate, the conditional likelihood is
    that of a logistic model without intercept; a column of ones then is the advantage of being named first.

    Args:
        design: differences, first minus second, shape (N, p).
        outcome: 1 where the first wins, 0 where the second does, shape (N,).
        weight: how much each pair counts, shape (N,).

    Returns: coefficients in log-odds per unit of difference; Undefined where the columns say the same, or where the
        likelihood rises for ever (separation).
    Source: Breslow & Day 1980, Statistical Methods in Cancer Research I, section 7.2; Chamberlain 1980, Review of
        Economic Studies 47(1), 225.
    """
    if _is_singular(design):
        return Undefined(_why_singular(design))
    coefficients = np.zeros(design.shape[1])
    for _step in range(MOST_STEPS):
        chance = 0.5 * (1 + np.tanh(0.5 * (design @ coefficients)))
        information = weight * chance * (1 - chance)
        hessian = design.T @ (design * information[:, None])
        if np.linalg.matrix_rank(hessian) < len(hessian):
            return Undefined(NO_FINITE_SLOPE)
        scores = design * (weight * (outcome - chance))[:, None]
        change = np.linalg.solve(hessian, scores.sum(axis=0))
        if np.abs(change).max() < SETTLED * max(1.0, float(np.abs(coefficients).max())):
            return Fit(coefficients, design, scores, information)
        coefficients = coefficients + change
    return Undefined(NO_FINITE_SLOPE)


def centred(values: Floats, groups: NDArray[np.intp], weight: Floats) -> Floats:
    """Values less the weighted mean of their group: what a regression with an intercept for every group sees.

    Args:
        values: shape (N,) or (N, p).
        groups: whose intercept applies, 0 to G − 1, shape (N,).
    """
    total = np.bincount(groups, weight)
    columns = values.reshape(len(values), -1)
    means = np.stack([np.bincount(groups, weight * column) / total for column in columns.T], axis=1)
    return (columns - means[groups]).reshape(values.shape)


def _is_singular(design: Floats) -> bool:
    return len(design) == 0 or np.linalg.matrix_rank(design) < design.shape[1]


def _why_singular(design: Floats) -> str:
    if not design.any():
        return "there is nothing that differs"
    return "too little differs to tell one influence from another"
