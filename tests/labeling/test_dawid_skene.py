"""Dawid–Skene: true classes and confusions from labels alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.stats import dawid_skene
from labeling.stats.dawid_skene import fit_dawid_skene
from labeling.stats.undefined import Undefined
from tests.labeling.crowds import always, labelled, symmetric

# Dawid & Skene 1979, table 1: how fit for anaesthesia five clinicians found 45 patients, on a scale of 1 to 4. The
# first clinician said it three times of each patient.
CLINICIANS = """
111 1 1 1 1, 333 4 3 3 4, 112 2 1 2 2, 222 3 1 2 1, 222 3 2 2 2, 222 3 3 2 2, 122 2 1 1 1, 333 3 4 3 3, 222 2 2 2 3,
232 2 2 2 3, 444 4 4 4 4, 222 3 3 4 3, 111 1 1 1 1, 222 3 2 1 2, 121 1 1 1 1, 111 2 1 1 1, 111 1 1 1 1, 111 1 1 1 1,
222 2 2 2 1, 222 1 3 2 2, 222 2 2 2 2, 222 2 2 2 1, 222 3 2 2 2, 221 2 2 2 2, 111 1 1 1 1, 111 1 1 1 1, 232 2 2 2 2,
111 1 1 1 1, 111 1 1 1 1, 112 1 1 2 1, 111 1 1 1 1, 333 3 2 3 3, 111 1 1 1 1, 222 2 2 2 2, 222 3 2 3 2, 433 4 3 4 3,
221 2 2 3 2, 232 3 2 3 3, 333 3 4 3 2, 111 1 1 1 1, 111 1 1 1 1, 121 2 1 1 1, 232 2 2 2 2, 121 1 1 1 1, 222 2 2 2 2
"""
RATINGS = [
    (clinician, patient, int(rating))
    for patient, row in enumerate(CLINICIANS.split(","), start=1)
    for clinician, said in enumerate(row.split(), start=1)
    for rating in said
]


def as_published(ratings, classes, steps):
    """Equations 2.3 to 2.5 word for word: products of probabilities, no logarithms, no imagined labels."""
    items, people = sorted({i for _, i, _ in ratings}), sorted({a for a, _, _ in ratings})
    counts = np.zeros((len(items), len(people), classes))
    for person, item, label in ratings:
        counts[items.index(item), people.index(person), label - 1] += 1
    t = counts.sum(axis=1) / counts.sum(axis=(1, 2))[:, None]
    for _ in range(steps):
        shares = t.mean(axis=0)
        confusion = np.einsum("ij,ikl->kjl", t, counts)
        confusion /= confusion.sum(axis=2, keepdims=True)
        t = shares * np.prod(confusion[None] ** counts[:, :, None, :], axis=(1, 3))
        t /= t.sum(axis=1, keepdims=True)
    return shares, confusion, t


def test_the_clinicians_of_1979_come_out_as_their_equations_say():
    fit = fit_dawid_skene(RATINGS, pooled_labels=0)
    shares, confusion, posterior = as_published(RATINGS, 4, 200)
    assert fit.class_shares == pytest.approx(shares, abs=1e-4)
    for patient, row in enumerate(posterior, start=1):
        assert fit.items[patient].posterior == pytest.approx(row, abs=1e-4)
    for clinician, rows in enumerate(confusion, start=1):
        assert np.array(fit.annotators[clinician].confusion) == pytest.approx(rows, abs=1e-4)


def test_the_patients_of_1979_keep_their_classes():
    fit = fit_dawid_skene(RATINGS, pooled_labels=0)
    assert [round(share, 2) for share in fit.class_shares] == [0.40, 0.42, 0.11, 0.07]
    classes = "142222132243121111222222112111131224233111212"
    assert "".join(str(fit.items[patient].label) for patient in range(1, 46)) == classes
    doubtful = {patient for patient, consensus in fit.items.items() if consensus.probability < 0.99}
    assert doubtful == {7, 35, 38}
    first = fit.annotators[1]
    assert [[round(share, 2) for share in row] for row in first.confusion] == [
        [0.89, 0.11, 0.0, 0.0],
        [0.07, 0.88, 0.05, 0.0],
        [0.0, 0.34, 0.66, 0.0],
        [0.0, 0.0, 0.56, 0.44],
    ]
    assert first.labels == 135


def test_imagined_labels_do_not_change_the_clinicians_patients():
    classes = {patient: consensus.label for patient, consensus in fit_dawid_skene(RATINGS).items.items()}
    published = fit_dawid_skene(RATINGS, pooled_labels=0)
    assert classes == {patient: consensus.label for patient, consensus in published.items.items()}


def test_every_step_makes_the_labels_more_probable(monkeypatch):
    labels, _ = labelled([symmetric(0.6, 3)] * 6, items=60, per_item=4)
    reached = []
    for steps in (1, 2, 4, 8, 16, 32):
        monkeypatch.setattr(dawid_skene, "STEPS", steps)
        reached.append(fit_dawid_skene(labels).log_posterior)
    assert all(later > earlier for earlier, later in itertools.pairwise(reached))
    assert not fit_dawid_skene(labels).has_settled


def planted_crowd():
    confusions = [symmetric(accuracy, 3) for accuracy in (0.95, 0.9, 0.85, 0.8, 0.7, 0.6)]
    lenient = np.array([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.0, 0.4, 0.6]])  # moves every grade up by one
    confusions += [lenient, always(1, 3), np.full((3, 3), 1 / 3), symmetric(0.1, 3)]
    return confusions, *labelled(confusions, items=2000, per_item=6, seed=3, shares=(0.5, 0.3, 0.2))


def test_planted_confusions_are_found():
    confusions, labels, truth = planted_crowd()
    fit = fit_dawid_skene(labels)
    assert fit.has_settled
    assert fit.class_shares == pytest.approx((0.5, 0.3, 0.2), abs=0.05)
    assert np.mean([fit.items[item].label == true for item, true in enumerate(truth)]) > 0.93
    for person, planted in enumerate(confusions):
        assert np.array(fit.annotators[person].confusion) == pytest.approx(planted, abs=0.1)
        accuracy = fit.annotators[person].accuracy
        assert accuracy.share == pytest.approx(float(np.array([0.5, 0.3, 0.2]) @ np.diag(planted)), abs=0.05)


def test_whoever_does_not_look_has_no_kappa_whatever_their_habit_and_a_contrarian_a_negative_one():
    _, labels, _ = planted_crowd()
    people = fit_dawid_skene(labels).annotators
    constant, guesser, contrarian = people[7], people[8], people[9]
    assert constant.kappa == pytest.approx(0, abs=0.08)
    assert guesser.kappa == pytest.approx(0, abs=0.08)
    assert contrarian.kappa < -0.2
    assert people[0].kappa > 0.85
    assert people[0].reliability == people[0].kappa


def test_intervals_hold_the_planted_accuracy_nineteen_times_of_twenty_or_nearly():
    draw = np.random.default_rng(11)
    inside = []
    for seed in range(8):
        planted = draw.uniform(0.4, 0.95, 20)
        labels, _ = labelled([symmetric(one, 3) for one in planted], items=250, per_item=5, seed=seed)
        people = fit_dawid_skene(labels).annotators
        inside += [people[a].accuracy.low <= one <= people[a].accuracy.high for a, one in enumerate(planted)]
    assert 0.9 <= np.mean(inside) <= 0.99


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 3))
def test_other_names_and_another_order_change_nothing(random, seed):
    labels, _ = labelled([symmetric(one, 3) for one in (0.9, 0.7, 0.5, 0.8)], items=25, per_item=3, seed=seed)
    people, items, classes = (random.sample(range(50, 100), n) for n in (4, 25, 3))
    renamed = [(people[a], items[i], classes[k]) for a, i, k in random.sample(labels, len(labels))]
    one, other = fit_dawid_skene(labels), fit_dawid_skene(renamed)
    for item in range(25):
        posterior = other.items[items[item]].posterior
        assert one.items[item].posterior == pytest.approx(
            [posterior[other.classes.index(classes[k])] for k in one.classes], abs=1e-5
        )
    for a in range(4):
        left, right = one.annotators[a], other.annotators[people[a]]
        assert (left.accuracy.share, left.kappa) == pytest.approx((right.accuracy.share, right.kappa), abs=1e-5)


def test_the_same_labels_in_another_order_give_the_same_bits():
    labels, _ = labelled([symmetric(0.8, 2)] * 4, items=30, per_item=3)
    assert fit_dawid_skene(labels) == fit_dawid_skene(labels[::-1])


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([], "nobody has labelled anything"),
        ([("ann", item, item % 2) for item in range(9)], "one annotator alone"),
        ([(who, item, item % 2) for who in ("ann", "bea") for item in range(9)], "labelled by three people"),
        ([("ann", 1, 0), ("bea", 2, 1), ("cem", 3, 0)], "labelled by three people"),
        ([(who, item, "x") for who in ("ann", "bea", "cem") for item in range(9)], "every label is x"),
    ],
)
def test_what_labels_cannot_tell_is_undefined_with_its_reason(labels, reason):
    found = fit_dawid_skene(labels)
    assert isinstance(found, Undefined)
    assert reason in found.because


def test_whoever_shares_items_with_nobody_is_not_right_by_default():
    labels, _ = labelled([symmetric(0.8, 2)] * 4, items=40, per_item=3)
    fit = fit_dawid_skene([*labels, *((9, 1000 + item, item % 2) for item in range(30))])
    assert "no shared items" in fit.annotators[9].because
    assert "not connected" in fit.items[1000].because
    assert fit.annotators[0] == fit_dawid_skene(labels).annotators[0]


def test_whoever_labelled_little_counts_and_gets_no_figure():
    labels, _ = labelled([symmetric(0.8, 2)] * 4, items=40, per_item=3)
    newcomer = fit_dawid_skene([*labels, (9, 0, 1), (9, 1, 1), (9, 2, 0)]).annotators[9]
    assert newcomer.labels == 3
    for figure in (newcomer.accuracy, newcomer.kappa, newcomer.reliability):
        assert "only 3 of their labels" in figure.because


def test_a_class_somebody_never_met_has_no_row_of_confusions():
    labels, _ = labelled([symmetric(0.95, 2)] * 5, items=60, per_item=4)
    fit = fit_dawid_skene([*labels, *((who, 500 + item, 2) for who in (0, 1, 2) for item in range(20))])
    assert fit.annotators[4].confusion[2] is None
    assert fit.annotators[0].confusion[2][2] > 0.8


def test_a_draw_is_no_consensus():
    labels = [(who, item, "x" if item % 2 else "y") for who in "abcd" for item in range(12)]
    labels += [("a", 99, "x"), ("b", 99, "y")]
    consensus = fit_dawid_skene(labels).items[99]
    assert consensus.label == Undefined("x and y are equally probable")
    assert consensus.probability == pytest.approx(0.5)


def test_everybody_agreeing_on_ten_items_is_not_certainty():
    labels = [(who, item, item % 2) for who in "abc" for item in range(10)]
    accuracy = fit_dawid_skene(labels).annotators["a"].accuracy
    assert accuracy.share < 0.95
    assert accuracy.low < 0.8
    assert accuracy.high < 1


def test_a_negative_number_of_imagined_labels_is_refused():
    with pytest.raises(ValueError, match="negative"):
        fit_dawid_skene([], pooled_labels=-1)
