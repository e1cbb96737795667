"""MACE: who looks, who answers by habit, and what is true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labeling.stats import mace
from labeling.stats.label_table import label_table
from labeling.stats.mace import fit_mace
from labeling.stats.undefined import Undefined
from tests.labeling.crowds import always, labelled, symmetric


def looks(competence, habit):
    """Confusions of somebody who knows the class so often and else answers by habit."""
    return competence * np.eye(len(habit)) + (1 - competence) * np.tile(habit, (len(habit), 1))


PLANTED = [
    (0.95, (1 / 3, 1 / 3, 1 / 3)),
    (0.9, (0.2, 0.4, 0.4)),
    (0.8, (1 / 3, 1 / 3, 1 / 3)),
    (0.7, (0.6, 0.2, 0.2)),
    (0.6, (1 / 3, 1 / 3, 1 / 3)),
    (0.4, (1 / 3, 1 / 3, 1 / 3)),
    (0.0, (1.0, 0.0, 0.0)),  # always the first
    (0.0, (1 / 3, 1 / 3, 1 / 3)),  # rolls a die
]


@pytest.fixture(scope="module")
def planted():
    labels, truth = labelled([looks(*one) for one in PLANTED], items=1500, per_item=5, seed=5)
    return fit_mace(labels), truth


def test_planted_competences_and_habits_are_found(planted):
    fit, truth = planted
    assert fit.has_settled
    assert np.mean([fit.items[item].label == true for item, true in enumerate(truth)]) > 0.93
    for person, (competence, habit) in enumerate(PLANTED):
        found = fit.annotators[person]
        assert found.competence.share == pytest.approx(competence, abs=0.06)
        assert found.competence.n == found.labels
        if competence < 0.7:
            assert found.habit == pytest.approx(habit, abs=0.08)


def test_spammers_are_told_from_people_by_their_intervals(planted):
    people = planted[0].annotators
    for spammer in (6, 7):
        assert people[spammer].competence.high < 0.15
    assert people[0].competence.low > 0.9


def test_intervals_hold_the_planted_competence_nineteen_times_of_twenty_or_nearly():
    draw = np.random.default_rng(12)
    inside = []
    for seed in range(6):
        planted = draw.uniform(0.1, 0.95, 20)
        crowd = [looks(one, (1 / 3, 1 / 3, 1 / 3)) for one in planted]
        labels, _ = labelled(crowd, items=200, per_item=5, seed=seed)
        people = fit_mace(labels, restarts=2).annotators
        inside += [people[a].competence.low <= one <= people[a].competence.high for a, one in enumerate(planted)]
    assert 0.9 <= np.mean(inside) <= 1


def test_a_contrarian_looks_like_one_who_does_not_look():
    labels, _ = labelled([symmetric(0.9, 2)] * 4 + [symmetric(0.1, 2)], items=200, per_item=4)
    assert fit_mace(labels).annotators[4].competence.high < 0.05


def test_the_same_seed_gives_the_same_bits_in_any_order_of_labels():
    labels, _ = labelled([symmetric(0.7, 2)] * 5, items=30, per_item=3)
    assert fit_mace(labels, seed=4) == fit_mace(labels[::-1], seed=4)


def test_clear_labels_lead_every_start_to_one_place():
    labels, _ = labelled([symmetric(one, 3) for one in (0.9, 0.8, 0.85, 0.7)], items=150, per_item=4)
    fits = [fit_mace(labels, restarts=restarts, seed=seed) for restarts, seed in ((0, 0), (10, 0), (10, 1))]
    for fit in fits[1:]:
        assert fit.log_likelihood == pytest.approx(fits[0].log_likelihood, abs=1e-3)
        assert fit.items[0].posterior == pytest.approx(fits[0].items[0].posterior, abs=1e-3)


def test_clickers_who_answer_alike_fool_one_start_and_not_many():
    crowd = [symmetric(0.5, 3)] * 6 + [always(0, 3)] * 3
    labels, _ = labelled(crowd, items=60, per_item=4, seed=3)
    one, many = fit_mace(labels, restarts=0), fit_mace(labels)
    assert many.log_likelihood > one.log_likelihood + 5
    for clicker in (6, 7, 8):
        assert one.annotators[clicker].competence.share > 0.8
        assert many.annotators[clicker].competence.share < 0.1


@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_other_names_and_another_order_change_nothing(random):
    labels, _ = labelled([symmetric(one, 3) for one in (0.9, 0.8, 0.7, 0.85)], items=40, per_item=3, seed=2)
    people, items, classes = (random.sample(range(50, 100), n) for n in (4, 40, 3))
    renamed = [(people[a], items[i], classes[k]) for a, i, k in random.sample(labels, len(labels))]
    one, other = fit_mace(labels, restarts=0), fit_mace(renamed, restarts=0)
    for item in range(40):
        posterior = other.items[items[item]].posterior
        assert one.items[item].posterior == pytest.approx(
            [posterior[other.classes.index(classes[k])] for k in one.classes], abs=1e-5
        )
    for a in range(4):
        left, right = one.annotators[a].competence, other.annotators[people[a]].competence
        assert (left.share, left.low, left.high) == pytest.approx((right.share, right.low, right.high), abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ([], "nobody has labelled anything"),
        ([("ann", item, item % 2) for item in range(9)], "one annotator alone"),
        ([(who, item, item % 2) for who in ("ann", "bea") for item in range(9)], "odd ring"),
        ([("ann", 1, 0), ("bea", 2, 1), ("cem", 3, 0)], "odd ring"),
        ([(who, item, "x") for who in ("ann", "bea", "cem") for item in range(9)], "every label is x"),
    ],
)
def test_what_labels_cannot_tell_is_undefined_with_its_reason(labels, reason):
    found = fit_mace(labels)
    assert isinstance(found, Undefined)
    assert reason in found.because


def test_two_people_an_item_are_enough_when_they_form_a_ring():
    labels, _ = labelled([symmetric(one, 2) for one in (0.95, 0.9, 0.55)], items=600, per_item=2, seed=7)
    people = fit_mace(labels).annotators
    order = sorted(people, key=lambda person: people[person].competence.share)
    assert order == [2, 1, 0]
    chain = [(who, item, label) for who, item, label in labels if {a for a, i, _ in labels if i == item} != {0, 2}]
    assert isinstance(fit_mace(chain), Undefined)


def test_whoever_shares_items_with_nobody_is_not_right_by_default():
    labels, _ = labelled([symmetric(0.8, 2)] * 4, items=40, per_item=3)
    fit = fit_mace([*labels, *((9, 1000 + item, item % 2) for item in range(30))])
    assert isinstance(fit.annotators[9], Undefined)
    assert isinstance(fit.items[1000], Undefined)
    assert fit.annotators[0] == fit_mace(labels).annotators[0]


def test_whoever_labelled_little_gets_no_figure():
    labels, _ = labelled([symmetric(0.8, 2)] * 4, items=40, per_item=3)
    newcomer = fit_mace([*labels, (9, 0, 1), (9, 1, 1)]).annotators[9]
    assert "only 2 of their labels" in newcomer.competence.because
    assert newcomer.reliability == newcomer.competence


def test_nobody_speaks_for_themselves_by_labelling_an_item_again():
    table = label_table([("ann", 1, "x"), ("ann", 1, "x"), ("bea", 2, "x"), ("cem", 2, "y")])
    habit = np.full((3, 2), 0.5)
    looking, not_looking = np.full(3, 0.8), np.full(3, 0.2)
    joint = mace._log_joint(table, looking, not_looking, habit)
    fit = mace._Fit(looking, not_looking, habit, joint, np.zeros((2, 2)), 0.0, True)
    by_others = mace._probability_by_others(table, fit)
    assert by_others[:2] == pytest.approx([0.5, 0.5])  # nobody else said anything
    assert by_others[2] == pytest.approx(0.1 / (0.1 + 0.9))  # the other said y, which is so nine times of ten
    assert by_others[3] == pytest.approx(0.1)


def test_always_the_same_label_is_a_habit_and_no_competence():
    labels, _ = labelled([symmetric(0.9, 2)] * 4 + [always(0, 2)], items=200, per_item=4)
    clicker = fit_mace(labels).annotators[4]
    assert clicker.competence.high < 0.1
    assert clicker.habit[0] > 0.9
