"""How much one annotator can be trusted, with an interval, when nobody knows the truth.

All three annotator models end in the same question: given what everybody else said, how probable is what this person
said, if a share x of it follows the truth? That likelihood of one number is computed on a grid, under a uniform prior,
so that few labels give a wide interval and ten right answers of ten give 11/12 and never 1.
"""

from collections.abc import Callable

import numpy as np

from labeling.stats.intervals import Share
from labeling.stats.label_table import Floats, Ints, sums_by
from labeling.stats.undefined import Undefined

LEAST_LABELS = 5  # of one annotator, on what others judged too; below that the interval would fill the scale
POINTS = 41
STANDARD_DEVIATIONS = 6.0  # the second, closer look reaches so far either side
SETTLING_STEPS = 6

LogLikelihood = Callable[[Floats], Floats]


def share_posteriors(log_likelihood: LogLikelihood, n: Ints) -> list[Share]:
    """Mean and 95 % credible interval of a share between 0 and 1, of each of A annotators, under a uniform prior.

    A coarse grid over 0 to 1 finds where each posterior lies, a second one looks there closely.

    Args:
        log_likelihood: takes one share an annotator, shape (A,), and gives their log-likelihoods, shape (A,); it is
            asked for rising shares.
        n: trials of each, shape (A,), for the record.

    Returns: for s successes in n independent trials the Beta(s + 1, n − s + 1) posterior: mean (s + 1) / (n + 2).
    """
    low, high = np.zeros(len(n)), np.ones(len(n))
    for _look in range(2):
        shares = low + (high - low) * (np.arange(POINTS)[:, None] + 0.5) / POINTS
        log_density = np.stack([log_likelihood(row) for row in shares])
        weight = np.exp(log_density - log_density.max(axis=0))
        weight /= weight.sum(axis=0)
        step = (high - low) / POINTS
        mean = (weight * shares).sum(axis=0)
        # Within a cell the share is spread evenly: that keeps a posterior inside one cell from having no width.
        deviation = np.sqrt((weight * (shares - mean) ** 2).sum(axis=0) + step**2 / 12)
        edges = low + (high - low) * np.arange(POINTS + 1)[:, None] / POINTS
        cumulative = np.concatenate([np.zeros((1, len(n))), np.cumsum(weight, axis=0)])
        low = np.maximum(0.0, mean - STANDARD_DEVIATIONS * deviation)
        high = np.minimum(1.0, mean + STANDARD_DEVIATIONS * deviation)
    return [
        Share(
            share=float(mean[a]),
            low=float(np.interp(0.025, cumulative[:, a], edges[:, a])),
            high=float(np.interp(0.975, cumulative[:, a], edges[:, a])),
            n=int(n[a]),
        )
        for a in range(len(n))
    ]


def share_that_follows(
    agreement: Floats, annotator: Ints, answer: Ints, habits: Floats, *, habit_counts: float
) -> list[Share]:
    """How large a share of each annotator's answers follows the truth, the rest being habit.

    An answer has probability x · agreement + (1 − x) · habit[answer]; for each x the habits that explain the rest best
    are found by EM, so that the interval covers what is not known of them either (a profile likelihood).

    Args:
        agreement: how probable the answer is of somebody who follows the truth, by what the others said, shape (N,).
        annotator: shape (N,), 0 to A − 1.
        answer: shape (N,), 0 to L − 1.
        habits: where to start: how each answers who does not follow the truth, shape (A, L).
        habit_counts: imagined answers of each kind by habit, added to those counted.

    Returns: shape (A,); `n` counts the answers.
    Source: the mixture of Hovy et al. 2013, NAACL-HLT; profile likelihood: Murphy & van der Vaart 2000, JASA 95.
    """
    a, kinds = habits.shape
    cell = annotator * kinds + answer
    current: Floats = habits.copy()

    def log_likelihood(share: Floats) -> Floats:
        nonlocal current
        follows = share[annotator] * agreement
        for _step in range(SETTLING_STEPS):
            by_habit = (1 - share[annotator]) * current.ravel()[cell]
            counts = sums_by(cell, by_habit / (follows + by_habit), a * kinds).reshape(a, kinds) + habit_counts
            current = counts / counts.sum(axis=1, keepdims=True)
        by_habit = (1 - share[annotator]) * current.ravel()[cell]
        return sums_by(annotator, np.log(follows + by_habit), a) + habit_counts * np.log(current).sum(axis=1)

    return share_posteriors(log_likelihood, np.bincount(annotator, minlength=a))


def too_few(labels: int) -> Undefined | None:
    """Why one annotator's figures are withheld; None when they gave enough labels that others gave too."""
    if labels >= LEAST_LABELS:
        return None
    return Undefined(f"only {labels} of their labels are on items that others labelled too, of {LEAST_LABELS} needed")
