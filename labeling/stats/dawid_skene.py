"""Dawid–Skene: the true class of each item and each annotator's confusions, from labels alone."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from labeling.stats.competence import share_posteriors, too_few
from labeling.stats.consensus import Consensus, consensus_of
from labeling.stats.intervals import Share
from labeling.stats.label_table import (
    Floats,
    Key,
    LabelTable,
    has_item_of_three,
    label_table,
    nothing_to_compare,
    overlap_groups,
    sums_by,
)
from labeling.stats.undefined import Undefined

POOLED_LABELS = 4.0  # in simulations of 10 to 30 annotators with 30 to 100 labels each intervals cover best with 4 to 8
LEAST = 1e-10  # no probability is smaller, so that every logarithm is finite
SETTLED = 1e-6
STEPS = 2000
MET = 1.0  # expected items of a class from which an annotator's row of confusions says something
LOGIT_REACH = 60.0
HALVINGS = 50
TOO_THIN = "no item was labelled by three people, and of two who differ nobody knows who errs"


@dataclass(frozen=True, slots=True)
class ConfusedAnnotator:
    """What Dawid–Skene says of one annotator.

    Attributes:
        accuracy: probability that their label of a random item is the true class: posterior mean and 95 % credible
            interval, given what the others said.
        kappa: the same beyond chance: 0 for every annotator who does not look, 1 for one without fault, negative for
            one who errs more than a guess would.
        confusion: of each true class (row) the probability of each label, or None where they met it less than once.
        labels: how many labels they gave to items that others labelled too.
    """

    accuracy: Share | Undefined
    kappa: float | Undefined
    confusion: tuple[tuple[float, ...] | None, ...]
    labels: int

    @property
    def reliability(self) -> float | Undefined:
        """How much of what they say follows the truth rather than chance, 0 or less to 1."""
        return self.kappa


@dataclass(frozen=True, slots=True)
class DawidSkene:
    """A fit of Dawid–Skene.

    Attributes:
        classes: in the order of every tuple.
        class_shares: how common each true class is, sums to 1.
        annotators: what is known of each, or why nothing is.
        items: the consensus on each, or why there is none.
        log_posterior: what EM maximised, in nats.
        has_settled: whether EM came to rest.
    """

    classes: tuple[Key, ...]
    class_shares: tuple[float, ...]
    annotators: dict[Key, ConfusedAnnotator | Undefined]
    items: dict[Key, Consensus | Undefined]
    log_posterior: float
    has_settled: bool


@dataclass(frozen=True)
class _Fit:
    """Parameters and posteriors: shares (K,), confusion (A, K labels, K truths), log_joint (I, K), posterior (I, K)."""

    shares: Floats
    confusion: Floats
    log_joint: Floats
    posterior: Floats
    log_posterior: float
    has_settled: bool


def fit_dawid_skene(
    labels: Iterable[tuple[Key, Key, Key]], *, pooled_labels: float = POOLED_LABELS
) -> DawidSkene | Undefined:
    """Fit true classes and confusions by EM, starting from the shares of votes; no randomness.

    Three people must have labelled one item: with two, who errs cannot be told. People whom no shared items connect to
    such three are left out, with that reason. Groups of people that share no items are anchored each in its own
    majority. A crowd most of which errs the same way is believed: labels alone cannot show that.

    Args:
        labels: (annotator, item, label) triples. A second label of somebody's on an item is one more independent look,
            so that repeats by heart are better left out.
        pooled_labels: imagined labels an annotator and true class, spread as all annotators' labels are; 0 is maximum
            likelihood as published, which trusts whoever labelled little far too much.

    Raises: ValueError for negative `pooled_labels`, or ids that do not sort together.
    Source: Dawid & Skene 1979, Applied Statistics 28(1), eqs. 2.3–2.5 and 3.1; pooling: Paun et al. 2018, TACL 6,
        where models that share strength between annotators do best, in the simple form of a fixed Dirichlet prior.
    """
    if pooled_labels < 0:
        raise ValueError(f"Imagined labels cannot be negative, got {pooled_labels}.")
    table = label_table(labels)
    groups = overlap_groups(table)
    held = has_item_of_three(table, groups)[groups]
    connected = table.only(held[table.annotator])
    if reason := nothing_to_compare(table, connected, too_thin=TOO_THIN):
        return reason
    fit = _expectation_maximisation(connected, pooled_labels)
    nobody = Undefined("no shared items connect them to three people who labelled one item")
    nothing = Undefined("its annotators are not connected to three people who labelled one item")
    found = dict(zip(connected.annotators, _annotators(connected, fit), strict=True))
    consensus = consensus_of(connected, fit.posterior)
    return DawidSkene(
        classes=tuple(table.classes),
        class_shares=tuple(fit.shares.tolist()),
        annotators={annotator: found.get(annotator, nobody) for annotator in table.annotators},
        items={item: consensus.get(item, nothing) for item in table.items},
        log_posterior=fit.log_posterior,
        has_settled=fit.has_settled,
    )


def _expectation_maximisation(table: LabelTable, pooled_labels: float) -> _Fit:
    a, i, k = len(table.annotators), len(table.items), len(table.classes)
    said = csr_array(
        (np.ones(len(table.label)), (table.item, table.annotator * k + table.label)), shape=(i, a * k)
    )  # duplicates add up: one annotator may label an item more than once
    votes = table.votes()
    posterior = votes / votes.sum(axis=1, keepdims=True)
    pooled = votes.T @ posterior + 1 / k  # (labels, truths) of all annotators together, against the vote
    imagined = pooled_labels * pooled / pooled.sum(axis=0)
    has_settled = False
    for _step in range(STEPS):
        shares = np.maximum(posterior.mean(axis=0), LEAST)
        confusion = np.maximum((said.T @ posterior).reshape(a, k, k) + imagined, LEAST)
        confusion /= confusion.sum(axis=1, keepdims=True)
        log_confusion = np.log(confusion)
        log_joint = np.log(shares) + said @ log_confusion.reshape(a * k, k)
        log_marginal = np.logaddexp.reduce(log_joint, axis=1, keepdims=True)
        previous, posterior = posterior, np.exp(log_joint - log_marginal)
        if np.abs(posterior - previous).max() < SETTLED:
            has_settled = True
            break
    return _Fit(
        shares=shares / shares.sum(),
        confusion=confusion,
        log_joint=log_joint,
        posterior=posterior,
        log_posterior=float(log_marginal.sum() + (imagined * log_confusion).sum()),
        has_settled=has_settled,
    )


def _annotators(table: LabelTable, fit: _Fit) -> list[ConfusedAnnotator]:
    k = len(table.classes)
    met = np.zeros((len(table.annotators), k))
    np.add.at(met, table.annotator, fit.posterior[table.item])
    shared = np.bincount(table.annotator[table.shared()], minlength=len(table.annotators))
    chance = fit.confusion @ fit.shares @ fit.shares  # their labels' shares against the true ones
    return [
        ConfusedAnnotator(
            accuracy=too_few(int(shared[a])) or accuracy,
            kappa=too_few(int(shared[a])) or _beyond_chance(accuracy.share, float(chance[a])),
            confusion=tuple(
                tuple(fit.confusion[a, :, truth].tolist()) if met[a, truth] >= MET else None for truth in range(k)
            ),
            labels=int(shared[a]),
        )
        for a, accuracy in enumerate(_accuracies(table, fit))
    ]


def _beyond_chance(accuracy: float, chance: float) -> float | Undefined:
    """Cohen's kappa between an annotator and the truth (Cohen 1960)."""
    if chance > 1 - SETTLED:
        return Undefined("one class is all there is, and everybody is right by chance")
    return (accuracy - chance) / (1 - chance)


def _accuracies(table: LabelTable, fit: _Fit) -> list[Share]:
    """Posterior of each annotator's accuracy along the line of confusions in which only their being right changes.

    The odds of the right label are multiplied by one factor whatever the true class, wrong labels keep their
    proportions. Along this exponential tilt the information about a mean is smallest (Stein 1956), so that the interval
    is as wide as with all confusions free. The others' confusions and the shares of classes are held.
    """
    shared = table.shared()
    item, annotator, label = table.item[shared], table.annotator[shared], table.label[shared]
    starts = np.flatnonzero(np.diff(item * len(table.annotators) + annotator, prepend=-1))  # of one person on one item
    log_own = np.add.reduceat(np.log(fit.confusion[annotator, label]), starts)
    right = np.add.reduceat(np.eye(len(table.classes))[label], starts)
    given = right.sum(axis=1, keepdims=True)
    person = annotator[starts]
    by_others = fit.log_joint[item[starts]] - log_own
    by_others -= np.logaddexp.reduce(by_others, axis=1, keepdims=True)
    diagonal = np.clip(np.diagonal(fit.confusion, axis1=1, axis2=2), LEAST, 1 - LEAST)
    log_right, log_wrong = np.log(diagonal), np.log1p(-diagonal)

    def log_likelihood(accuracy: Floats) -> Floats:
        tilt = _tilt_to(accuracy, log_right - log_wrong, fit.shares)
        log_total = np.logaddexp(log_wrong, log_right + tilt[:, None])
        log_said = by_others + log_own + right * tilt[person][:, None] - given * log_total[person]
        fits = np.logaddexp.reduce(log_said, axis=1)
        return sums_by(person, fits, len(table.annotators))

    return share_posteriors(log_likelihood, np.bincount(annotator, minlength=len(table.annotators)))


def _tilt_to(accuracy: Floats, logit_right: Floats, shares: Floats) -> Floats:
    """What added to every logit of being right, shape (A, K), makes the mean over classes this accuracy, shape (A,)."""
    low, high = np.full(len(accuracy), -LOGIT_REACH), np.full(len(accuracy), LOGIT_REACH)
    for _half in range(HALVINGS):
        middle = (low + high) / 2
        reached = (shares / (1 + np.exp(-(logit_right + middle[:, None])))).sum(axis=1)
        low, high = np.where(reached < accuracy, middle, low), np.where(reached < accuracy, high, middle)
    return (low + high) / 2
