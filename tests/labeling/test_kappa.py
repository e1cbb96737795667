"""Cohen's and Fleiss' kappa against published tables, statsmodels, scikit-learn and each other's limits."""

import random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import cohens_kappa as statsmodels_cohen
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from labeling.stats.estimates import Estimate
from labeling.stats.kappa import cohen_kappa, fleiss_kappa
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels

WEIGHTS = {"unweighted": None, "linear": "linear", "quadratic": "quadratic"}
# Cohen 1960, table 1: two judges, 200 patients, three diagnoses.
COHEN_1960 = ((88, 10, 2), (14, 40, 6), (18, 10, 12))
# Fleiss 1971, table 1: how often six psychiatrists gave 30 patients each of five diagnoses.
FLEISS_1971 = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006",
    "10050 11040 03300 10050 02031 00501 30012 51000 02040 10203",
    "00006 01050 02013 20040 10041 05010 40002 02040 10500 00006",
)


def labels_of_table(table) -> UnitLabels:
    """Units whose labels by a and b make this table of counts."""
    cells = [(row, col) for row, line in enumerate(table) for col, count in enumerate(line) for _ in range(count)]
    return UnitLabels.of(
        (who, unit, value) for unit, cell in enumerate(cells) for who, value in zip("ab", cell, strict=True)
    )


def labels_of_counts(rows) -> UnitLabels:
    """Units that were given each value so often, by annotators numbered within the unit."""
    return UnitLabels.of(
        (who, unit, value)
        for unit, row in enumerate(rows)
        for who, value in enumerate(value for value, count in enumerate(row) for _ in range(int(count)))
    )


@st.composite
def answers(draw):
    """What two people said of 12 to 40 units in four steps, about half of it equal."""
    truth = draw(st.lists(st.integers(0, 3), min_size=12, max_size=40))
    other = [draw(st.one_of(st.just(value), st.integers(0, 3))) for value in truth]
    return truth, other


def labels_of_two(one, other) -> UnitLabels:
    return UnitLabels.of([*(("a", u, v) for u, v in enumerate(one)), *(("b", u, v) for u, v in enumerate(other))])


def test_cohens_own_table_gives_his_kappa():
    kappa = cohen_kappa(labels_of_table(COHEN_1960), "a", "b")
    assert isinstance(kappa, Estimate)
    assert kappa.value == pytest.approx((0.70 - 0.41) / (1 - 0.41), abs=1e-12)  # 0.492
    assert (kappa.units, kappa.annotators) == (200, 2)


@pytest.mark.parametrize("table", [COHEN_1960, ((40, 9), (6, 45)), ((20, 5, 3), (4, 30, 6), (1, 7, 24))])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_the_interval_is_close_to_that_of_the_large_sample_formula(table, weights):
    kappa = cohen_kappa(labels_of_table(table), "a", "b", weights=weights)
    other = statsmodels_cohen(np.array(table), wt={"quadratic": "fc"}.get(weights, WEIGHTS[weights]))
    assert kappa.value == pytest.approx(other.kappa, abs=1e-12)
    assert (kappa.low, kappa.high) == pytest.approx((other.kappa_low, other.kappa_upp), abs=0.03)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(answers(), st.sampled_from(sorted(WEIGHTS)))
def test_cohens_kappa_agrees_with_scikit_learn_and_statsmodels(said, weights):
    kappa = cohen_kappa(labels_of_two(*said), "a", "b", weights=weights)
    assume(isinstance(kappa, Estimate))
    steps = [0, 1, 2, 3]
    assert kappa.value == pytest.approx(cohen_kappa_score(*said, labels=steps, weights=WEIGHTS[weights]), abs=1e-9)
    table = np.zeros((4, 4))
    np.add.at(table, said, 1)
    other = statsmodels_cohen(table, wt={"quadratic": "fc"}.get(weights, WEIGHTS[weights]), return_results=False)
    assert kappa.value == pytest.approx(other, abs=1e-9)
    assert -1 <= kappa.low <= kappa.high <= 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(answers(), st.randoms(use_true_random=False), st.sampled_from(sorted(WEIGHTS)))
def test_neither_the_order_of_units_nor_who_is_called_first_matters(said, draw, weights):
    pairs = list(zip(*said, strict=True))
    kappa = cohen_kappa(labels_of_two(*said), "a", "b", weights=weights)
    assume(isinstance(kappa, Estimate))
    draw.shuffle(pairs)
    labels = labels_of_two(*zip(*pairs, strict=True))
    assert cohen_kappa(labels, "a", "b", weights=weights) == kappa
    swapped = cohen_kappa(labels, "b", "a", weights=weights)
    assert isinstance(swapped, Estimate)
    assert swapped.value == pytest.approx(kappa.value, abs=1e-12)


def test_a_step_that_nobody_used_still_lies_between_its_neighbours():
    # 0 against 2 costs two steps whether or not somebody said 1.
    kappa = cohen_kappa(labels_of_two([0, 0, 2, 3] * 5, [0, 2, 2, 3] * 5), "a", "b", weights="linear")
    observed = 2 / 4
    expected = sum(abs(a - b) for a in (0, 0, 2, 3) for b in (0, 2, 2, 3)) / 16
    assert kappa.value == pytest.approx(1 - observed / expected, abs=1e-12)


def test_two_who_always_agree_reach_one_and_few_units_leave_doubt():
    kappa = cohen_kappa(labels_of_two(["left", "right"] * 6, ["left", "right"] * 6), "a", "b")
    assert (kappa.value, kappa.high) == (1, 1)
    assert kappa.low == pytest.approx(
        1 - (1 - 0.7575) / 0.5, abs=1e-3
    )  # Wilson of 12 of 12; they differ by chance half


def test_two_who_always_differ_reach_minus_one():
    kappa = cohen_kappa(labels_of_two(["left", "right"] * 20, ["right", "left"] * 20), "a", "b")
    assert kappa.value == pytest.approx(-1)


@pytest.mark.parametrize(
    ("one", "other", "because"),
    [
        ([], [], "no unit in common"),
        (["x", None], [None, "y"], "no unit in common"),
        (["x"], ["y"], "only one unit"),
        (["x"] * 9, ["x"] * 9, "'a' gave the same label"),
        (["x", "y"] * 9, ["x"] * 18, "'b' gave the same label"),
        (["x"] * 30 + ["y"], ["x"] * 30 + ["y"], "hang on those few"),
    ],
)
def test_cohens_kappa_says_why_it_is_undefined(one, other, because):
    kappa = cohen_kappa(labels_of_two(one, other), "a", "b")
    assert isinstance(kappa, Undefined)
    assert because in kappa.because


def test_nobody_is_compared_with_themselves():
    with pytest.raises(ValueError, match="with themselves"):
        cohen_kappa(labels_of_table(COHEN_1960), "a", "a")


def test_names_have_no_weights():
    with pytest.raises(ValueError, match="wants numbers"):
        cohen_kappa(labels_of_two(["left", "right"] * 6, ["left", "left"] * 6), "a", "b", weights="linear")


def test_fleiss_own_table_gives_his_kappa():
    kappa = fleiss_kappa(labels_of_counts(row for line in FLEISS_1971 for row in line.split()))
    assert isinstance(kappa, Estimate)
    assert kappa.value == pytest.approx(0.430, abs=5e-4)
    assert (kappa.units, kappa.annotators) == (30, 6)
    assert kappa.low < kappa.value < kappa.high


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.lists(st.integers(0, 3), min_size=4, max_size=4), min_size=6, max_size=20))
def test_fleiss_kappa_agrees_with_statsmodels_and_keeps_its_bounds(said):
    labels = UnitLabels.of((who, unit, value) for unit, row in enumerate(said) for who, value in enumerate(row))
    kappa = fleiss_kappa(labels)
    assume(isinstance(kappa, Estimate))
    counts = [[row.count(value) for value in range(4)] for row in said]
    assert kappa.value == pytest.approx(statsmodels_fleiss(counts), abs=1e-9)
    assert -1 / 3 - 1e-12 <= kappa.value <= 1  # four labels of a unit cannot all differ from each other more
    assert kappa.low <= kappa.high <= 1


def test_fleiss_kappa_wants_as_many_labels_on_each_unit_or_is_told_which_to_take():
    labels = labels_of_counts([(3, 0), (0, 3), (2, 1), (1, 2), (0, 3), (3, 0), (2, 0), (0, 2), (1, 0)])
    undefined = fleiss_kappa(labels)
    assert isinstance(undefined, Undefined)
    assert "from 2 to 3 labels" in undefined.because
    kappa = fleiss_kappa(labels, labels_per_unit=3)
    assert kappa.units == 6
    assert kappa.value == pytest.approx(statsmodels_fleiss([(3, 0), (0, 3), (2, 1), (1, 2), (0, 3), (3, 0)]))


@pytest.mark.parametrize(
    ("rows", "because"),
    [
        ([], "no labels"),
        ([(1, 0), (0, 1)], "one annotator"),
        ([(2, 1)], "only one unit"),
        ([(3, 0)] * 20, "same label everywhere"),
    ],
)
def test_fleiss_kappa_says_why_it_is_undefined(rows, because):
    kappa = fleiss_kappa(labels_of_counts(rows))
    assert isinstance(kappa, Undefined)
    assert because in kappa.because


def test_one_label_per_unit_is_no_agreement():
    with pytest.raises(ValueError, match="two labels per unit"):
        fleiss_kappa(labels_of_counts(row for line in FLEISS_1971 for row in line.split()), labels_per_unit=1)


def test_planted_agreement_is_found_by_both():
    # Each label is the truth with probability 0.9 and else drawn: two agree beyond chance with probability 0.81.
    draw = random.Random(3)
    truth = [draw.choice("abc") for _unit in range(3000)]
    said = {who: [real if draw.random() < 0.9 else draw.choice("abc") for real in truth] for who in "xyz"}
    labels = UnitLabels.of((who, unit, value) for who, row in said.items() for unit, value in enumerate(row))
    for kappa in (cohen_kappa(labels, "x", "y"), fleiss_kappa(labels)):
        assert kappa.low < 0.81 < kappa.high
        assert kappa.high - kappa.low < 0.06
