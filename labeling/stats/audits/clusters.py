"""How sure a coefficient is when outcomes are not independent: people repeat themselves, and so do prompts."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from labeling.stats.audits.effects import Clustering, Effect
from labeling.stats.audits.models import Fit, Floats, fit_line
from labeling.stats.intervals import wilson_bounds
from labeling.stats.undefined import Undefined

Labels = NDArray[np.intp]

# Fewer say too little of how units vary: with four equal ones an interval is already 1.6 times as wide as with many.
LEAST_EFFECTIVE = 4.0
ROUNDING = 1e-6


@dataclass(frozen=True)
class Units:
    """Whom and what N outcomes come from: labels 0 to G − 1, shape (N,); annotators are None where unknown."""

    annotators: Labels | None
    prompts: Labels

    def __getitem__(self, which: NDArray[np.bool_]) -> "Units":
        """Those of some of the outcomes."""
        return Units(
            annotators=None if self.annotators is None else relabelled(self.annotators[which]),
            prompts=relabelled(self.prompts[which]),
        )


def units_of(annotators: Sequence[Hashable | None], prompts: Sequence[Hashable]) -> Units:
    """Number annotators and prompts; one unknown annotator makes all unknown, for they cannot be told apart."""
    known = None if any(one is None for one in annotators) else numbered(annotators)
    return Units(annotators=known, prompts=numbered(prompts))


def numbered(names: Sequence[Hashable]) -> Labels:
    """Replace names by 0 to G − 1, in the order of their first appearance."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)


def relabelled(labels: Labels) -> Labels:
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


@dataclass(frozen=True)
class Uncertainty:
    """Variance of one coefficient, the degrees of freedom of its t distribution, and what it generalises over."""

    variance: float
    freedom: float
    clusters: tuple[Clustering, ...]


def uncertainty(fit: Fit, column: int, units: Units) -> Uncertainty | Undefined:
    """The variance of a coefficient by leaving out one cluster at a time, linearised at the fit; by both ways at once.

    Prompts must be enough: without, nothing can be said of others. Annotators that are too few, or not known, are taken
    as they are: the interval then speaks of them alone. With both ways the variance is the one's plus the other's less
    that of their intersection, and never less than either.

    Returns: degrees of freedom are the least effective number of clusters less 1, where the effective number weighs
        clusters by their share of the information on the coefficient. Undefined for fewer prompts than effectively 4.
    Source: MacKinnon, Nielsen & Webb 2025, arXiv:2406.00650 (linearised cluster jackknife, also exact for a mean) and
        2024, arXiv:2406.08880 (two ways, the largest of the three); Carter, Schnepel & Steigerwald 2017, Review of
        Economics and Statistics 99(4), 698, for the effective number.
    """
    told = partial_information(fit, column)
    prompts = clustering("prompts", units.prompts, told)
    by_prompt = jackknife_variance(fit, column, units.prompts)
    if prompts.effective < LEAST_EFFECTIVE - ROUNDING:
        return Undefined(
            f"what it rests on is worth {prompts.effective:.1f} prompts of equal weight; an interval needs "
            f"{LEAST_EFFECTIVE:.0f}"
        )
    annotators = None if units.annotators is None else clustering("annotators", units.annotators, told)
    if units.annotators is None or annotators is None or annotators.effective < LEAST_EFFECTIVE - ROUNDING:
        return Uncertainty(by_prompt, prompts.effective - 1, (prompts,))
    by_annotator = jackknife_variance(fit, column, units.annotators)
    both = relabelled(units.annotators * prompts.count + units.prompts)
    variance = max(by_annotator, by_prompt, by_annotator + by_prompt - jackknife_variance(fit, column, both))
    return Uncertainty(variance, min(annotators.effective, prompts.effective) - 1, (annotators, prompts))


def clustering(unit: str, labels: Labels, told: Floats) -> Clustering:
    """How many units there are, and how many their parts of what is told are worth."""
    return Clustering(unit, int(labels.max()) + 1, effective_number(np.bincount(labels, told).astype(np.float64)))


def partial_information(fit: Fit, column: int) -> Floats:
    """What each outcome tells of one coefficient beside the others, shape (N,): its part of the partial Hessian."""
    others = np.delete(fit.design, column, axis=1)
    root = np.sqrt(fit.information)
    target = fit.design[:, column] * root
    if others.shape[1]:
        scaled = others * root[:, None]
        target = target - scaled @ np.linalg.lstsq(scaled, target, rcond=None)[0]
    return target**2


def effective_number(weights: Floats) -> float:
    """How many equal parts would be as uneven as these: (Σ w)² / Σ w²; n for n equal ones.

    Source: Kish 1965, Survey Sampling, section 11.7.
    """
    squares = float((weights**2).sum())
    return float(weights.sum()) ** 2 / squares if squares else 0.0


def jackknife_variance(fit: Fit, column: int, labels: Labels) -> float:
    """(G − 1)/G · Σ over clusters of (how the coefficient moves when one is left out)², to first order."""
    count, width = int(labels.max()) + 1, fit.design.shape[1]
    scores = np.stack([np.bincount(labels, fit.scores[:, j], count) for j in range(width)], axis=1)
    parts = np.empty((count, width, width))
    for i in range(width):
        for j in range(i + 1):
            product = fit.information * fit.design[:, i] * fit.design[:, j]
            parts[:, i, j] = parts[:, j, i] = np.bincount(labels, product, count)
    rest = parts.sum(axis=0) - parts
    moved = np.einsum("gij,gj->gi", np.linalg.pinv(rest, hermitian=True), scores)[:, column]
    return float((count - 1) / count * (moved**2).sum())


def coefficient(fit: Fit | Undefined, column: int, units: Units) -> Effect | Undefined:
    """A coefficient with its t interval; without bias it is 0."""
    from scipy.special import stdtr, stdtrit

    if isinstance(fit, Undefined):
        return fit
    sure = uncertainty(fit, column, units)
    if isinstance(sure, Undefined):
        return sure
    if sure.variance <= 0:
        return Undefined("nothing varies from one outcome to the next")
    estimate, error = float(fit.coefficients[column]), sure.variance**0.5
    half = float(stdtrit(sure.freedom, 0.975)) * error
    return Effect(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        null=0.0,
        p_value=float(2 * stdtr(sure.freedom, -abs(estimate) / error)),
        n=len(fit.design),
        clusters=sure.clusters,
    )


def clustered_share(outcome: Floats, weight: Floats, units: Units, *, null: float | None) -> Effect | Undefined:
    """A share with Wilson's interval for as many trials as the clustered outcomes are worth.

    The effective number of trials is p(1 − p) over the jackknife variance, never more than there are; where all
    outcomes are the same it is the number of clusters. The normal quantile gives way to that of t.

    Args:
        outcome: 1 or 0 (or between), shape (N,).
        null: the share without bias, if there is one; the p-value is of the score test that the interval inverts.

    Source: Korn & Graubard 1998, Survey Methodology 24(2), 193 (effective sample size and degrees of freedom); Franco,
        Little, Louis & Slud 2019, J. Survey Statistics and Methodology 7(3), 334 (Wilson's interval with them).
    """
    from scipy.special import stdtr, stdtrit

    if len(outcome) == 0:
        return Undefined("there is no outcome to count")
    fit = fit_line(np.ones((len(outcome), 1)), outcome, weight)
    if isinstance(fit, Undefined):
        return fit
    sure = uncertainty(fit, 0, units)
    if isinstance(sure, Undefined):
        return sure
    share = min(1.0, max(0.0, float(fit.coefficients[0])))
    spread = share * (1 - share)
    trials = effective_number(weight)
    if min(spread, sure.variance) <= 0:
        trials = min(trials, *(one.effective for one in sure.clusters))
    else:
        trials = min(trials, spread / sure.variance)
    low, high = wilson_bounds(share, float(stdtrit(sure.freedom, 0.975)) ** 2 / trials)
    p_value = None
    if null is not None:
        distance = abs(share - null) / (null * (1 - null) / trials) ** 0.5
        p_value = float(2 * stdtr(sure.freedom, -distance))
    return Effect(
        estimate=share,
        low=low,
        high=high,
        null=null,
        p_value=p_value,
        n=len(outcome),
        clusters=sure.clusters,
    )
