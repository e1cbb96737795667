"""Noisy Bradley–Terry: how often each annotator follows the responses' strengths, and which side draws them.

Notation: N judgments of pairs, A annotators, R responses (or policies), L outcomes: left, right and, if anybody ever
said so, tie.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from labeling.stats.bradley_terry import chances, sigmoid
from labeling.stats.competence import share_posteriors, share_that_follows, too_few
from labeling.stats.information import PRIOR_VARIANCE
from labeling.stats.intervals import Share
from labeling.stats.label_table import Floats, Key, sums_by
from labeling.stats.pair_table import PairTable, ShownPair, pair_table
from labeling.stats.undefined import Undefined

SIGN = np.array([1.0, -1.0, 0.0])
IMAGINED = 1.0  # answers of each kind that every annotator is taken to have given besides (Laplace's rule)
LEAST_OTHERS = 5.0  # judgments of others on a response, in the mean over what one annotator judged
FIRST_COMPETENCE_LOGIT = 1.4  # four times of five
STEPS = 2000


@dataclass(frozen=True, slots=True)
class PairAnnotator:
    """What noisy Bradley–Terry says of one annotator.

    Attributes:
        accuracy: how often they take the stronger of two responses, of such pairs as were judged, ties aside and shown
            both ways round: ½ is a guess, and nobody reaches 1 where strengths are near each other.
        side_bias: how often they would take the left one of two equally strong responses, ties aside: ½ is none.
            Both are posterior means with 95 % credible intervals, given what the others said.
        competence: how often they follow the responses' strengths at all, 0 to 1; the rest of the time they answer by
            habit. Its order among annotators is good; its level hangs on how far apart strengths may lie, which is why
            it has no interval: strengths further apart with lower competences fit almost as well.
        habit: how they answer when they do not look: left, right and, where ties occur, tie; sums to 1.
        judgments: how many they made.
    """

    accuracy: Share | Undefined
    side_bias: Share | Undefined
    competence: float | Undefined
    habit: tuple[float, ...]
    judgments: int

    @property
    def reliability(self) -> float | Undefined:
        """How much of what they say follows the responses' strengths, 0 to 1."""
        return self.competence


@dataclass(frozen=True, slots=True)
class NoisyBradleyTerry:
    """A fit of noisy Bradley–Terry.

    Attributes:
        annotators: what is known of each.
        strengths: of each response, in nats, mean 0; or why there is no one scale.
        tie_parameter: Davidson's log ν; None if nobody ever said tie.
        log_posterior: what was maximised, in nats.
        has_settled: whether the optimiser came to rest.
    """

    annotators: dict[Key, PairAnnotator]
    strengths: dict[Key, float] | Undefined
    tie_parameter: float | None
    log_posterior: float
    has_settled: bool


@dataclass(frozen=True)
class _Parameters:
    """strength (R,), tie (), log ν, competence_logit (A,), habit_logit (A, L)."""

    strength: Floats
    tie: Floats
    competence_logit: Floats
    habit_logit: Floats

    @property
    def competence(self) -> Floats:
        return sigmoid(self.competence_logit)

    @property
    def habit(self) -> Floats:
        shares = np.exp(self.habit_logit - self.habit_logit.max(axis=1, keepdims=True))
        return shares / shares.sum(axis=1, keepdims=True)

    def flat(self) -> Floats:
        return np.concatenate([self.strength, self.tie.ravel(), self.competence_logit, self.habit_logit.ravel()])


def fit_noisy_bradley_terry(judgments: Iterable[ShownPair]) -> NoisyBradleyTerry | Undefined:
    """Fit strengths, competences and sides' pulls at once, at the posterior's mode, without randomness.

    With probability η an annotator answers as Davidson's model of the strengths says, which is Bradley–Terry's where
    nobody says tie; else by a habit of their own, whatever is shown. A tie is thus an outcome of its own: somebody who
    always says tie is found out, and a tie of two strong responses says that they are near each other. Somebody who
    prefers what is worse looks like one who does not look at all; `fit_dawid_skene` tells the two apart.

    Strengths have a Gaussian prior, so that what never lost stays finite; competences Beta(2, 2) and habits a flat
    Dirichlet with one imagined answer of each kind.

    Raises: ValueError for a response shown against itself, another verdict, or ids that do not sort together.
    Source: Chen, Bennett, Collins-Thompson & Horvitz 2013, WSDM (competence, Crowd-BT); Bugakova et al. 2019,
        arXiv:1906.03711 (what draws the eye as the other part of the mixture); ties: Davidson 1970, JASA 65(329).
    """
    pairs = pair_table(judgments)
    if reason := _why_not(pairs):
        return reason
    start = _start(pairs)
    found = minimize(
        _negative_log_posterior,
        start.flat(),
        args=(pairs,),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": STEPS, "maxfun": 2 * STEPS, "ftol": 1e-12, "gtol": 1e-5, "maxcor": 20},
    )
    fit = _unflatten(found.x, pairs)
    return NoisyBradleyTerry(
        annotators=dict(zip(pairs.annotators, _annotators(pairs, fit), strict=True)),
        strengths=_strengths(pairs, fit),
        tie_parameter=float(fit.tie) if pairs.outcomes == 3 else None,
        log_posterior=-float(found.fun),
        has_settled=bool(found.success),
    )


def _why_not(pairs: PairTable) -> Undefined | None:
    if not len(pairs.outcome):
        return Undefined("nobody has judged anything")
    if len(pairs.annotators) == 1:
        return Undefined("one annotator alone can be held against nobody")
    if (pairs.outcome == 2).all():
        return Undefined("every verdict is a tie: nothing orders the responses")
    return None


def _start(pairs: PairTable) -> _Parameters:
    answers = np.bincount(
        pairs.annotator * pairs.outcomes + pairs.outcome, minlength=len(pairs.annotators) * pairs.outcomes
    ).reshape(-1, pairs.outcomes)
    ties = (pairs.outcome == 2).mean()
    return _Parameters(
        strength=np.zeros(len(pairs.responses)),
        tie=np.array(np.log(2 * ties / (1 - ties))) if pairs.outcomes == 3 else np.zeros(0),
        competence_logit=np.full(len(pairs.annotators), FIRST_COMPETENCE_LOGIT),
        habit_logit=np.log(answers + IMAGINED),
    )


def _unflatten(flat: Floats, pairs: PairTable) -> _Parameters:
    r, a = len(pairs.responses), len(pairs.annotators)
    ties = pairs.outcomes - 2
    return _Parameters(
        strength=flat[:r],
        tie=flat[r : r + ties].reshape(()) if ties else np.zeros(0),
        competence_logit=flat[r + ties : r + ties + a],
        habit_logit=flat[r + ties + a :].reshape(a, pairs.outcomes),
    )


def _by_strength(fit: _Parameters, pairs: PairTable) -> Floats:
    """Probability of each outcome of somebody who follows the strengths, shape (N, L)."""
    lead = fit.strength[pairs.left] - fit.strength[pairs.right]
    if pairs.outcomes == 2:
        return np.stack([chances(lead, None, "half")[0], chances(-lead, None, "half")[0]], axis=1)
    (left, tie), (right, _) = chances(lead, float(fit.tie), "davidson"), chances(-lead, float(fit.tie), "davidson")
    return np.stack([left, right, tie], axis=1)


def _negative_log_posterior(flat: Floats, pairs: PairTable) -> tuple[float, Floats]:
    """What is minimised, and its gradient.

    The gradient of the log of a mixture is the mean of the parts' gradients, weighed by how probable each part is to
    have given the answer (Fisher's identity).
    """
    fit = _unflatten(flat, pairs)
    competence, habit = fit.competence, fit.habit
    at = np.arange(len(pairs.outcome))
    by_strength = _by_strength(fit, pairs)
    looked = competence[pairs.annotator] * by_strength[at, pairs.outcome]
    not_looked = (1 - competence[pairs.annotator]) * habit[pairs.annotator, pairs.outcome]
    share = looked / (looked + not_looked)
    value = (
        np.log(looked + not_looked).sum()
        - (np.logaddexp(0, fit.competence_logit) + np.logaddexp(0, -fit.competence_logit)).sum()
        + IMAGINED * np.log(habit).sum()
        - (fit.strength**2).sum() / (2 * PRIOR_VARIANCE)
    )
    a, r = len(pairs.annotators), len(pairs.responses)
    pull = share * (SIGN[pairs.outcome] - (by_strength[:, 0] - by_strength[:, 1])) / 2
    strength = np.bincount(pairs.left, pull, minlength=r) - np.bincount(pairs.right, pull, minlength=r)
    tie = (share * ((pairs.outcome == 2) - by_strength[:, 2])).sum() if pairs.outcomes == 3 else np.zeros(0)
    looking = np.bincount(pairs.annotator, share - competence[pairs.annotator], minlength=a) + 1 - 2 * competence
    answers = np.bincount(pairs.annotator * pairs.outcomes + pairs.outcome, 1 - share, minlength=habit.size)
    habits = answers.reshape(habit.shape) + IMAGINED
    gradient = _Parameters(
        strength=strength - fit.strength / PRIOR_VARIANCE,
        tie=np.asarray(tie),
        competence_logit=looking,
        habit_logit=habits - habits.sum(axis=1, keepdims=True) * habit,
    )
    return -float(value), -gradient.flat()


def _annotators(pairs: PairTable, fit: _Parameters) -> list[PairAnnotator]:
    by_strength = _by_strength(fit, pairs)
    agreement = by_strength[np.arange(len(pairs.outcome)), pairs.outcome]
    competences = share_that_follows(agreement, pairs.annotator, pairs.outcome, fit.habit, habit_counts=IMAGINED)
    accuracies = _accuracies(competences, fit, by_strength)
    side_biases = _side_biases(pairs, fit, by_strength)
    others = pairs.judgments_of_others()
    found = []
    for a, competence in enumerate(competences):
        withheld = too_few(competence.n) or _too_few_others(float(others[a]))
        found.append(
            PairAnnotator(
                accuracy=withheld or accuracies[a],
                side_bias=withheld or side_biases[a],
                competence=withheld or competence.share,
                habit=tuple(fit.habit[a].tolist()),
                judgments=competence.n,
            )
        )
    return found


def _accuracies(competences: list[Share], fit: _Parameters, by_strength: Floats) -> list[Share]:
    """What each competence, and either end of its interval, comes to in taking the stronger of two.

    What the level of competences leaves open the spread of strengths makes up for, so that this is known even where
    the two are not.
    """
    sides = by_strength[:, :2]
    stronger, decided = sides.max(axis=1).mean(), sides.sum(axis=1).mean()

    def accuracy(competence: float, by_habit: float) -> float:
        takes = competence * stronger + (1 - competence) * by_habit / 2
        return float(takes / (competence * decided + (1 - competence) * by_habit))

    return [
        Share(accuracy(one.share, by_habit), accuracy(one.low, by_habit), accuracy(one.high, by_habit), one.n)
        for one, by_habit in zip(competences, fit.habit[:, :2].sum(axis=1).tolist(), strict=True)
    ]


def _too_few_others(others: float) -> Undefined | None:
    if others >= LEAST_OTHERS:
        return None
    return Undefined(
        f"others made only {others:.1f} judgments on a response they judged, "
        f"of {LEAST_OTHERS:.0f} needed to know its strength"
    )


def _side_biases(pairs: PairTable, fit: _Parameters, by_strength: Floats) -> list[Share]:
    """Posterior of taking the left one of two equal responses, along the line on which only the sides' pull changes.

    Left is made e^β times and right e^−β times as probable as the fit has it, whatever is shown: an exponential tilt,
    along which the interval is as wide as with habits free (Stein 1956).
    """
    competence = fit.competence[:, None]
    outcomes = (
        competence[pairs.annotator] * by_strength + (1 - competence[pairs.annotator]) * fit.habit[pairs.annotator]
    )
    log_left, log_right = np.log(outcomes[:, 0]), np.log(outcomes[:, 1])
    log_tie = np.log(outcomes[:, 2]) if pairs.outcomes == 3 else np.full(len(outcomes), -np.inf)
    decided = 1 - (chances(np.zeros(1), float(fit.tie), "davidson")[1][0] if pairs.outcomes == 3 else 0.0)
    left = fit.competence * decided / 2 + (1 - fit.competence) * fit.habit[:, 0]
    right = fit.competence * decided / 2 + (1 - fit.competence) * fit.habit[:, 1]
    fitted_logit = np.log(left / right)
    sign = SIGN[pairs.outcome]

    def log_likelihood(side_bias: Floats) -> Floats:
        tilt = ((np.log(side_bias / (1 - side_bias)) - fitted_logit) / 2)[pairs.annotator]
        total = np.logaddexp(np.logaddexp(log_left + tilt, log_right - tilt), log_tie)
        return sums_by(pairs.annotator, sign * tilt - total, len(pairs.annotators))

    return share_posteriors(log_likelihood, np.bincount(pairs.annotator, minlength=len(pairs.annotators)))


def _strengths(pairs: PairTable, fit: _Parameters) -> dict[Key, float] | Undefined:
    if (groups := pairs.groups()) > 1:
        return Undefined(f"the judgments fall into {groups} groups of responses that no judgment compares")
    return dict(zip(pairs.responses, (fit.strength - fit.strength.mean()).tolist(), strict=True))
