"""MACE: how often each annotator looks, how they answer when they do not, and what is true, from labels alone."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.special import digamma

from labeling.stats.competence import share_that_follows, too_few
from labeling.stats.consensus import Consensus, consensus_of
from labeling.stats.intervals import Share
from labeling.stats.label_table import (
    Floats,
    Key,
    LabelTable,
    has_odd_cycle,
    label_table,
    nothing_to_compare,
    overlap_groups,
)
from labeling.stats.undefined import Undefined

RESTARTS = 10
TRIAL_STEPS = 50  # after which the best start is chosen; it alone goes on until it settles
STEPS = 1000
SETTLED = 1e-6
LOOKING_COUNTS = (
    0.5  # imagined times of looking and of not looking: Beta(½, ½), most look nearly always or nearly never
)
HABIT_COUNTS = 10.0  # imagined answers of each class without looking
FIRST_COMPETENCE = 0.8
TOO_THIN = "no three people, nor a larger odd ring of them, share items, and so nobody can be told apart"


@dataclass(frozen=True, slots=True)
class SpamAnnotator:
    """What MACE says of one annotator.

    Attributes:
        competence: how often they look and then give the true class, 0 to 1: posterior mean and 95 % credible interval,
            given what the others said. The rest of the time they answer by habit.
        habit: how they answer when they do not look, of each class, sums to 1; near uniform for those who always look.
        labels: how many labels they gave to items that others labelled too.
    """

    competence: Share | Undefined
    habit: tuple[float, ...]
    labels: int

    @property
    def reliability(self) -> float | Undefined:
        """How much of what they say follows the truth, 0 to 1."""
        return self.competence if isinstance(self.competence, Undefined) else self.competence.share


@dataclass(frozen=True, slots=True)
class Mace:
    """A fit of MACE.

    Attributes:
        classes: in the order of every tuple.
        annotators: what is known of each, or why nothing is.
        items: the consensus on each, or why there is none.
        log_likelihood: of the labels, in nats.
        has_settled: whether the best start came to rest.
    """

    classes: tuple[Key, ...]
    annotators: dict[Key, SpamAnnotator | Undefined]
    items: dict[Key, Consensus | Undefined]
    log_likelihood: float
    has_settled: bool


@dataclass(frozen=True)
class _Fit:
    """Weights (A,) and (A, K) of looking and of habit, sums of expected counts, log_joint (I, K), posterior (I, K)."""

    looking: Floats
    not_looking: Floats
    habit: Floats
    log_joint: Floats
    posterior: Floats
    log_likelihood: float
    has_settled: bool


def fit_mace(labels: Iterable[tuple[Key, Key, Key]], *, restarts: int = RESTARTS, seed: int = 0) -> Mace | Undefined:
    """Fit competences, habits and true classes by variational Bayes from several starts, and keep the likeliest.

    All classes are equally common to begin with. An odd ring of people must share items, each with the next (three on
    one item do); along a chain of people nobody can be told from their neighbour. People without such a ring are left
    out, with that reason. Somebody who answers the opposite of the truth looks like one who does not look at all.

    Args:
        labels: (annotator, item, label) triples. A second label of somebody's on an item is one more independent look,
            so that repeats by heart are better left out.
        restarts: random starts beside one in which everybody looks four times of five.

    Raises: ValueError for ids that do not sort together.
    Source: Hovy, Berg-Kirkpatrick, Vaswani & Hovy 2013, “Learning whom to trust with MACE”, NAACL-HLT, with its
        priors: Beta(0.5, 0.5) and Dirichlet(10).
    """
    table = label_table(labels)
    groups = overlap_groups(table)
    held = has_odd_cycle(table, groups)[groups]
    connected = table.only(held[table.annotator])
    if reason := nothing_to_compare(table, connected, too_thin=TOO_THIN):
        return reason
    fit = _best_fit(connected, restarts, seed)
    nobody = Undefined("no odd ring of people who share items, each with the next, includes or reaches them")
    nothing = Undefined("its annotators share items with too few others to be told apart")
    found = dict(zip(connected.annotators, _annotators(connected, fit), strict=True))
    consensus = consensus_of(connected, fit.posterior)
    return Mace(
        classes=tuple(table.classes),
        annotators={annotator: found.get(annotator, nobody) for annotator in table.annotators},
        items={item: consensus.get(item, nothing) for item in table.items},
        log_likelihood=fit.log_likelihood,
        has_settled=fit.has_settled,
    )


def _best_fit(table: LabelTable, restarts: int, seed: int) -> _Fit:
    draw = np.random.default_rng(seed)
    people = len(table.annotators)
    starts = [np.full(people, FIRST_COMPETENCE), *(draw.uniform(0.05, 0.95, people) for _ in range(restarts))]
    best = max(starts, key=lambda start: _fit_from(table, start, TRIAL_STEPS).log_likelihood)
    return _fit_from(table, best, STEPS)


def _fit_from(table: LabelTable, looking: Floats, steps: int) -> _Fit:
    """At most so many steps of variational EM, from these competences, shape (A,), and from habits as people label."""
    a, k = len(table.annotators), len(table.classes)
    cell = table.annotator * k + table.label
    not_looking = 1 - looking
    given = np.bincount(cell, minlength=a * k).reshape(a, k)
    habit = (given + HABIT_COUNTS) / (given + HABIT_COUNTS).sum(axis=1, keepdims=True)
    posterior = np.zeros(())
    has_settled = False
    for _step in range(steps):
        previous = posterior
        log_joint = _log_joint(table, looking, not_looking, habit)
        log_marginal = np.logaddexp.reduce(log_joint, axis=1, keepdims=True)
        posterior = np.exp(log_joint - log_marginal)
        if np.abs(posterior - previous).max() < SETTLED:
            has_settled = True
            break
        knows = looking[table.annotator]
        looked = posterior[table.item, table.label] * knows / (knows + _by_habit(table, not_looking, habit))
        times = np.bincount(table.annotator, looked, minlength=a)
        by_habit = given - np.bincount(cell, looked, minlength=a * k).reshape(a, k)
        all_times = digamma(given.sum(axis=1) + 2 * LOOKING_COUNTS)
        looking = np.exp(digamma(times + LOOKING_COUNTS) - all_times)
        not_looking = np.exp(digamma(by_habit.sum(axis=1) + LOOKING_COUNTS) - all_times)
        habits = by_habit + HABIT_COUNTS
        habit = np.exp(digamma(habits) - digamma(habits.sum(axis=1, keepdims=True)))
    return _Fit(looking, not_looking, habit, log_joint, posterior, float(log_marginal.sum()), has_settled)


def _by_habit(table: LabelTable, not_looking: Floats, habit: Floats) -> Floats:
    return not_looking[table.annotator] * habit[table.annotator, table.label]


def _log_joint(table: LabelTable, looking: Floats, not_looking: Floats, habit: Floats) -> Floats:
    """log P(labels of an item, its class is k), shape (I, K): habit for each label, more where it names k."""
    i, k = len(table.items), len(table.classes)
    by_habit = _by_habit(table, not_looking, habit)
    base = np.bincount(table.item, np.log(by_habit), minlength=i)
    gain = np.log1p(looking[table.annotator] / by_habit)
    return base[:, None] + np.bincount(table.item * k + table.label, gain, minlength=i * k).reshape(i, k) - np.log(k)


def _annotators(table: LabelTable, fit: _Fit) -> list[SpamAnnotator]:
    habits = fit.habit / fit.habit.sum(axis=1, keepdims=True)
    shared = np.bincount(table.annotator[table.shared()], minlength=len(table.annotators))
    return [
        SpamAnnotator(
            competence=too_few(int(shared[a])) or competence,
            habit=tuple(habits[a].tolist()),
            labels=int(shared[a]),
        )
        for a, competence in enumerate(_competences(table, fit, habits))
    ]


def _competences(table: LabelTable, fit: _Fit, habits: Floats) -> list[Share]:
    shared = table.shared()
    return share_that_follows(
        _probability_by_others(table, fit)[shared],
        table.annotator[shared],
        table.label[shared],
        habits,
        habit_counts=HABIT_COUNTS,
    )


def _probability_by_others(table: LabelTable, fit: _Fit) -> Floats:
    """How probable it is, by what everybody else said, that each label names the true class, shape (N,)."""
    k = len(table.classes)
    by_habit = _by_habit(table, fit.not_looking, fit.habit)
    gain = np.log1p(fit.looking[table.annotator] / by_habit)
    _, pair = np.unique(table.item * len(table.annotators) + table.annotator, return_inverse=True)
    own = np.bincount(pair * k + table.label, gain, minlength=(int(pair.max()) + 1) * k).reshape(-1, k)
    by_others = fit.log_joint[table.item] - own[pair]
    by_others -= np.logaddexp.reduce(by_others, axis=1, keepdims=True)
    return np.exp(by_others[np.arange(len(table.label)), table.label])
