"""Strengths of policies from who beat whom: Bradley–Terry, with ties as half, by Davidson, or by Rao and Kupper.

Notation: P policies; B sets of tallies, fitted at once; θ strengths in nats; d = θ_i − θ_j; η the tie parameter.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TiesAs = Literal["half", "davidson", "rao-kupper"]

MOST_STEPS = 400
LONGEST_STEP_NATS = 0.5  # no difference changes by more than 1 nat, within which Newton's step cannot do harm
SETTLED_NATS = 1e-9
FIRST_TIE_PARAMETER = 0.5


@dataclass(frozen=True)
class Fit:
    """The strengths at which B sets of tallies are most likely.

    Attributes:
        strengths: shape (B, P), in nats; they sum to 0, or stand about the prior's mean.
        tie_parameter: shape (B,): log ν of Davidson, log θ of Rao and Kupper; None where ties count as half.
        information: the Hessian of the negative log-posterior, by strengths and then tie parameter, shape (B, n, n).
    """

    strengths: Floats
    tie_parameter: Floats | None
    information: Floats


def sigmoid(x: Floats) -> Floats:
    """1/(1 + e^−x), to full precision in both tails."""
    tail = np.exp(-np.abs(x))
    return np.where(np.asarray(x) < 0, tail, 1.0) / (1 + tail)


def fit_bradley_terry(
    wins: Floats,
    ties: Floats,
    *,
    ties_as: TiesAs = "half",
    prior_variance: float | None = None,
    prior_mean: Floats | None = None,
    start: Floats | None = None,
) -> Fit:
    """Fit strengths by Newton's method; whether there is a fit at all is for `labeling.stats.connectivity` to say.

    With d = θ_i − θ_j the chances of (i wins, j wins, a tie) are
    half: σ(d), σ(−d), a tie being half of each; davidson: proportional to e^{d/2}, e^{−d/2}, ν with ν = e^η;
    rao-kupper: σ(d − η), σ(−d − η), the rest, with their threshold θ = e^η.

    Args:
        wins: weighted wins of the row's policy over the column's, shape (B, P, P).
        ties: weighted ties, symmetric, shape (B, P, P); for the last two models not all zero.
        prior_variance: of a Gaussian over each strength, in nats²; None for maximum likelihood.
        prior_mean: of that Gaussian, shape (B, P); zeros by default.
        start: strengths to begin from, shape (P,).

    Raises: ValueError for shapes that differ; ArithmeticError if a fit does not settle, as where there is none.
    Source: Bradley & Terry 1952; Davidson 1970, JASA 65(329); Rao & Kupper 1967, JASA 62(317). That a Newton step so
        shortened does not lower the likelihood of a logistic model: Bach 2010, Electronic Journal of Statistics 4.
    """
    if wins.ndim != 3 or wins.shape[1] != wins.shape[2] or wins.shape != ties.shape:
        raise ValueError(f"Wins and ties have shape (B, P, P), not {wins.shape} and {ties.shape}.")
    rounds, size = wins.shape[:2]
    mean = np.zeros((rounds, size)) if prior_mean is None else prior_mean
    strengths = mean + (0.0 if start is None else start)
    tie = np.full(rounds, FIRST_TIE_PARAMETER)
    penalty = _penalty(size, prior_variance)
    for _step in range(MOST_STEPS):
        gradient, information = _derivatives(wins, ties, strengths, tie, ties_as)
        gradient[:, :size] -= (strengths - mean) @ penalty
        information[:, :size, :size] += penalty
        change = np.linalg.solve(information, gradient[..., None])[..., 0]
        length = np.abs(change).max(axis=1, keepdims=True, initial=0.0)
        change *= np.minimum(1.0, LONGEST_STEP_NATS / np.maximum(length, SETTLED_NATS))
        strengths = strengths + change[:, :size]
        if ties_as != "half":
            tie = tie + change[:, size] if ties_as == "davidson" else np.maximum(tie + change[:, size], tie / 2)
        if length.max(initial=0.0) < SETTLED_NATS:
            return Fit(strengths, None if ties_as == "half" else tie, information)
    raise ArithmeticError(f"The strengths did not settle within {MOST_STEPS} steps.")


def chances(difference: Floats, tie_parameter: float | None, ties_as: TiesAs) -> tuple[Floats, Floats]:
    """How likely a win and how likely a tie is, at a lead of `difference` nats, any shape.

    Returns: (1/2, 0) at no lead where ties count as half, which gives a tie no chance of its own.
    """
    if ties_as == "half" or tie_parameter is None:
        return sigmoid(difference), np.zeros_like(difference)
    if ties_as == "davidson":
        win, _loss, tie = _davidson(difference, np.float64(tie_parameter))
        return win, tie
    win, loss = sigmoid(difference - tie_parameter), sigmoid(-difference - tie_parameter)
    return win, np.maximum(1 - win - loss, 0.0)


def _penalty(size: int, prior_variance: float | None) -> Floats:
    """What keeps the strengths in place: the prior's precision, or nothing but that they sum to 0."""
    return np.ones((size, size)) if prior_variance is None else np.eye(size) / prior_variance


def _davidson(difference: Floats, tie: Floats | np.float64) -> tuple[Floats, Floats, Floats]:
    scores = np.stack(np.broadcast_arrays(difference / 2, -difference / 2, tie))
    shares = np.exp(scores - scores.max(axis=0))
    win, loss, draw = shares / shares.sum(axis=0)
    return win, loss, draw


def _derivatives(wins: Floats, ties: Floats, strengths: Floats, tie: Floats, ties_as: TiesAs) -> tuple[Floats, Floats]:
    """Gradient, shape (B, n), and negative Hessian, shape (B, n, n), of the log-likelihood; n = P, or P + 1 with η."""
    lead = strengths[:, :, None] - strengths[:, None, :]
    losses = np.swapaxes(wins, 1, 2)
    if ties_as == "half":
        slope, curvature = _half(wins + ties / 2, losses + ties / 2, lead)
        return slope.sum(axis=2), _laplacian(curvature)
    model = _by_davidson if ties_as == "davidson" else _by_rao_kupper
    slope, curvature, tie_slope, tie_curvature, cross = model(wins, losses, ties, lead, tie[:, None, None])
    # Sums over rows and columns count each pair twice.
    gradient = np.concatenate([slope.sum(axis=2), tie_slope.sum(axis=(1, 2))[:, None] / 2], axis=1)
    size = wins.shape[1]
    information = np.empty((len(wins), size + 1, size + 1))
    information[:, :size, :size] = _laplacian(curvature)
    information[:, :size, size] = information[:, size, :size] = cross.sum(axis=2)
    information[:, size, size] = tie_curvature.sum(axis=(1, 2)) / 2
    return gradient, information


def _laplacian(curvature: Floats) -> Floats:
    size = curvature.shape[1]
    return np.eye(size) * curvature.sum(axis=2)[:, :, None] - curvature * (1 - np.eye(size))


# What follows is written without differences of nearly equal numbers, so that one loss in a billion still counts.


def _half(wins: Floats, losses: Floats, lead: Floats) -> tuple[Floats, Floats]:
    chance, other = sigmoid(lead), sigmoid(-lead)
    return wins * other - losses * chance, (wins + losses) * chance * other


def _by_davidson(wins: Floats, losses: Floats, ties: Floats, lead: Floats, tie: Floats) -> tuple[Floats, ...]:
    """An exponential family in d and η: the gradient is observed less expected, the information a covariance."""
    win, loss, draw = _davidson(lead, tie)
    met = wins + losses + ties
    slope = wins * (loss + draw / 2) - losses * (win + draw / 2) + ties * (loss - win) / 2
    curvature = met * ((win + loss) * draw / 4 + win * loss)
    tie_slope = ties * (win + loss) - (wins + losses) * draw
    return slope, curvature, tie_slope, met * draw * (win + loss), met * draw * (loss - win) / 2


def _by_rao_kupper(wins: Floats, losses: Floats, ties: Floats, lead: Floats, tie: Floats) -> tuple[Floats, ...]:
    """The logistic threshold model: a tie has the chance b − a, with a = σ(d − η) and b = σ(d + η)."""
    a, b, not_a, not_b = sigmoid(lead - tie), sigmoid(lead + tie), sigmoid(tie - lead), sigmoid(-lead - tie)
    spread_a, spread_b = a * not_a, b * not_b
    draw, cotangent = -b * not_a * np.expm1(-2 * tie), 1 / np.tanh(tie)
    slope = wins * not_a - losses * b + ties * (not_b - a)
    curvature = (wins + ties) * spread_a + (losses + ties) * spread_b
    tie_slope = -wins * not_a - losses * b + ties * (cotangent - draw)
    ties_bend = 1 / np.sinh(tie) ** 2 + draw * cotangent - draw**2
    tie_curvature = wins * spread_a + losses * spread_b + ties * ties_bend
    return slope, curvature, tie_slope, tie_curvature, (losses + ties) * spread_b - (wins + ties) * spread_a
