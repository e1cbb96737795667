"""The annotator models beside crowd-kit's, which were written by others: the same labels, the same order of people.

crowd-kit belongs to the training side and is imported nowhere but here.
"""

import numpy as np
import pandas as pd
import pytest
from crowdkit.aggregation import MACE, DawidSkene, MajorityVote, NoisyBradleyTerry
from scipy.stats import spearmanr

from labeling.stats import noisy_bradley_terry
from labeling.stats.consensus import majority
from labeling.stats.dawid_skene import fit_dawid_skene
from labeling.stats.label_table import label_table
from labeling.stats.mace import fit_mace
from labeling.stats.noisy_bradley_terry import fit_noisy_bradley_terry
from labeling.stats.pair_table import pair_table
from labeling.stats.undefined import Undefined
from tests.labeling.crowds import judged_pairs, labelled, symmetric

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

ACCURACIES = np.linspace(0.35, 0.95, 16)


@pytest.fixture(scope="module")
def labels():
    return labelled([symmetric(one, 3) for one in ACCURACIES], items=200, per_item=8, seed=21)[0]


@pytest.fixture(scope="module")
def frame(labels):
    return pd.DataFrame(labels, columns=["worker", "task", "label"])


def same_labels(consensus, theirs):
    return np.mean([consensus[item].label == label for item, label in theirs.items()])


def test_majorities_are_the_same_where_there_is_no_draw(labels, frame):
    theirs = MajorityVote().fit_predict(frame)
    for item, consensus in majority(label_table(labels)).items():
        assert isinstance(consensus.label, Undefined) or consensus.label == theirs[item]


def test_dawid_skene_at_maximum_likelihood_is_theirs_to_the_third_digit(labels, frame):
    theirs = DawidSkene(n_iter=300, tol=1e-10).fit(frame)
    ours = fit_dawid_skene(labels, pooled_labels=0)
    for item, consensus in ours.items.items():
        expected = [theirs.probas_.loc[item, label] for label in ours.classes]
        assert consensus.posterior == pytest.approx(expected, abs=1e-3)
    for person in range(len(ACCURACIES)):
        expected = theirs.errors_.loc[person].loc[list(ours.classes), list(ours.classes)].to_numpy().T
        assert np.array(ours.annotators[person].confusion) == pytest.approx(expected, abs=1e-3)


def test_dawid_skene_with_imagined_labels_orders_people_and_labels_items_as_theirs(labels, frame):
    theirs = DawidSkene().fit(frame)
    ours = fit_dawid_skene(labels)
    assert same_labels(ours.items, theirs.labels_) > 0.95
    diagonal = [
        sum(theirs.priors_[k] * theirs.errors_.loc[(person, k), k] for k in ours.classes)
        for person in range(len(ACCURACIES))
    ]
    assert spearmanr([ours.annotators[a].accuracy.share for a in range(16)], diagonal)[0] > 0.95


def test_mace_orders_people_and_labels_items_as_theirs(labels, frame):
    theirs = MACE(n_restarts=1).fit(frame)  # its restarts all draw the same start
    ours = fit_mace(labels)
    assert same_labels(ours.items, theirs.labels_) > 0.98
    workers = list(pd.factorize(frame["worker"])[1])
    competence = [theirs.spamming_[workers.index(person), 1] for person in range(16)]
    assert spearmanr([ours.annotators[a].competence.share for a in range(16)], competence)[0] > 0.98


STRENGTHS = np.linspace(2, -2, 10)


def test_the_likelihood_of_noisy_bradley_terry_is_theirs_at_any_point():
    pairs = pair_table(judged_pairs(STRENGTHS, [(0.8, (0.6, 0.4))] * 4, judgments=200))
    draw = np.random.default_rng(3)
    strength, bias, skill = draw.normal(size=10), draw.normal(size=4), draw.normal(size=4)
    winner = np.where(pairs.outcome == 0, pairs.left, pairs.right)
    theirs = NoisyBradleyTerry._compute_log_likelihood(
        np.concatenate([[0.0], strength, bias, skill]),
        np.stack([pairs.left, pairs.right, winner], axis=1) + 1,
        pairs.annotator,
        10,
        4,
        0.0,
    )
    habit = np.stack([bias, np.zeros(4)], axis=1)
    ours, _ = noisy_bradley_terry._negative_log_posterior(np.concatenate([strength, skill, habit.ravel()]), pairs)
    competence, left = 1 / (1 + np.exp(-skill)), 1 / (1 + np.exp(-bias))
    prior = np.log(competence * (1 - competence) * left * (1 - left)).sum() - (strength**2).sum() / 8
    assert ours + prior == pytest.approx(theirs)


def test_noisy_bradley_terry_orders_responses_as_theirs_and_people_better():
    # Theirs overwrites an annotator's gradient with each judgment instead of adding it up: skills come out in no order,
    # while responses are ordered well.
    people = [(float(one), (0.5, 0.5)) for one in np.linspace(0.1, 0.95, 12)]
    judgments = judged_pairs(STRENGTHS, people, judgments=3000, seed=5)
    ours = fit_noisy_bradley_terry(judgments)
    frame = pd.DataFrame(judgments, columns=["worker", "left", "right", "label"])
    frame["label"] = np.where(frame["label"] == "left", frame["left"], frame["right"])
    theirs = NoisyBradleyTerry(n_iter=200).fit(frame)
    order = [ours.strengths[response] for response in range(10)]
    assert spearmanr(order, theirs.scores_.sort_index().to_numpy())[0] > 0.95
    planted = [competence for competence, _ in people]
    found = spearmanr([ours.annotators[a].competence for a in range(12)], planted)[0]
    assert found > 0.9
    assert found >= spearmanr(theirs.skills_.sort_index().to_numpy(), planted)[0]
