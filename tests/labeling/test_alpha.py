"""Krippendorff's alpha against the published table, a definition in plain loops, evalica, and Fleiss' kappa."""

import random
from itertools import permutations

import evalica
import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from labeling.stats.alpha import krippendorff_alpha
from labeling.stats.distances import distances
from labeling.stats.estimates import Estimate
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels

METRICS = ("nominal", "ordinal", "interval", "ratio")
# Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability": four observers, twelve units.
CANONICAL = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)


def labels_of(matrix) -> UnitLabels:
    return UnitLabels.of((a, u, value) for a, row in enumerate(matrix) for u, value in enumerate(row))


@st.composite
def matrices(draw, *, missing: bool = True):
    """Annotators by units, values 1 to 4, often equal within a unit, so that alpha is seldom undefined."""
    annotators, units = draw(st.integers(2, 5)), draw(st.integers(8, 14))
    value = st.integers(1, 4)
    columns = []
    for _unit in range(units):
        base = draw(value)
        label = st.one_of(st.just(base), value, *([st.none()] if missing else []))
        columns.append([draw(label) for _annotator in range(annotators)])
    return list(zip(*columns, strict=True))


def by_definition(matrix, metric) -> float | None:
    """1 − D_o / D_e with both taken over ordered pairs of labels, as they stand in the definition."""
    units = [[value for value in column if value is not None] for column in zip(*matrix, strict=True)]
    units = [unit for unit in units if len(unit) > 1]
    pooled = [value for unit in units for value in unit]
    values = tuple(sorted(set(pooled)))

    def apart(one, other):
        if metric == "nominal":
            return float(one != other)
        if metric == "interval":
            return (one - other) ** 2
        if metric == "ratio":
            return ((one - other) / (one + other)) ** 2
        low, high = sorted((one, other))
        between = sum(pooled.count(value) for value in values if low <= value <= high)
        return (between - (pooled.count(low) + pooled.count(high)) / 2) ** 2 if low != high else 0.0

    n = len(pooled)
    observed = sum(apart(a, b) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2)) / n
    expected = sum(apart(a, b) for a, b in permutations(pooled, 2)) / (n * (n - 1)) if n else 0
    return 1 - observed / expected if expected else None


@pytest.mark.parametrize(
    ("metric", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_the_published_table_gives_the_published_alphas(metric, published):
    alpha = krippendorff_alpha(labels_of(CANONICAL), metric=metric)
    assert isinstance(alpha, Estimate)
    assert alpha.value == pytest.approx(published, abs=5e-4)
    assert (alpha.units, alpha.annotators) == (11, 4)  # the twelfth unit has one label
    assert alpha.low < alpha.value < alpha.high


def test_two_observers_give_the_binary_alpha_of_the_same_paper():
    # Meg and Owen on ten articles; alpha = 0.095.
    meg, owen = (0, 1, 0, 0, 0, 0, 0, 0, 1, 0), (1, 1, 1, 0, 0, 1, 0, 0, 0, 0)
    alpha = krippendorff_alpha(labels_of((meg, owen)))
    assert isinstance(alpha, Estimate)
    assert alpha.value == pytest.approx(1 - 19 * 4 / (14 * 6), abs=1e-12)
    assert alpha.value == pytest.approx(0.095, abs=5e-4)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(matrices(), st.sampled_from(METRICS))
def test_it_agrees_with_the_definition_and_with_evalica(matrix, metric):
    alpha = krippendorff_alpha(labels_of(matrix), metric=metric)
    assume(isinstance(alpha, Estimate))
    assert alpha.value == pytest.approx(by_definition(matrix, metric), abs=1e-12)
    other = evalica.alpha(pd.DataFrame(matrix, dtype="float"), distance=metric)
    assert alpha.value == pytest.approx(other.alpha, abs=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(matrices(missing=False))
def test_without_missing_labels_it_is_fleiss_kappa_of_a_finite_sample(matrix):
    alpha = krippendorff_alpha(labels_of(matrix))
    assume(isinstance(alpha, Estimate))
    labels = np.array(matrix).T
    counts = [[list(unit).count(value) for value in range(1, 5)] for unit in labels]
    kappa = statsmodels_fleiss(counts)
    assert alpha.value == pytest.approx(1 - (1 - kappa) * (labels.size - 1) / labels.size, abs=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(matrices(), st.sampled_from(METRICS), st.randoms(use_true_random=False))
def test_names_and_order_of_annotators_and_units_change_nothing(matrix, metric, draw):
    labels = [(a, u, value) for a, row in enumerate(matrix) for u, value in enumerate(row)]
    renamed = [(f"person {9 - a}", ("unit", -u), value) for a, u, value in labels]
    draw.shuffle(renamed)
    one = krippendorff_alpha(UnitLabels.of(labels), metric=metric)
    other = krippendorff_alpha(UnitLabels.of(renamed), metric=metric)
    assert one == other


@settings(max_examples=30, deadline=None, derandomize=True)
@given(matrices(), st.sampled_from(METRICS))
def test_it_lies_between_minus_one_and_one_and_within_its_interval(matrix, metric):
    alpha = krippendorff_alpha(labels_of(matrix), metric=metric)
    assume(isinstance(alpha, Estimate))
    assert alpha.value <= 1
    assert metric == "ratio" or alpha.value >= -1 - 1e-12
    assert alpha.low <= alpha.high <= 1


@settings(max_examples=30, deadline=None, derandomize=True)
@given(matrices(), st.permutations(range(1, 5)))
def test_nominal_labels_may_be_renamed_and_interval_labels_moved_and_scaled(matrix, names):
    nominal = krippendorff_alpha(labels_of(matrix))
    interval = krippendorff_alpha(labels_of(matrix), metric="interval")
    assume(isinstance(nominal, Estimate) and isinstance(interval, Estimate))
    renamed = [[None if v is None else f"label {names[v - 1]}" for v in row] for row in matrix]
    moved = [[None if v is None else 7.0 - 2.5 * v for v in row] for row in matrix]
    assert krippendorff_alpha(labels_of(renamed)).value == pytest.approx(nominal.value, abs=1e-12)
    assert krippendorff_alpha(labels_of(moved), metric="interval").value == pytest.approx(interval.value, abs=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_ordinal_labels_may_be_stretched_but_others_may_not(metric):
    stretched = [[None if v is None else v**3 for v in row] for row in CANONICAL]
    before = krippendorff_alpha(labels_of(CANONICAL), metric=metric)
    after = krippendorff_alpha(labels_of(stretched), metric=metric)
    assert (abs(before.value - after.value) < 1e-12) == (metric in ("nominal", "ordinal"))


@pytest.mark.parametrize("metric", METRICS)
def test_perfect_agreement_is_one_with_an_interval_that_knows_how_few_units_there_are(metric):
    few = krippendorff_alpha(labels_of([[1, 2] * 5] * 3), metric=metric)
    many = krippendorff_alpha(labels_of([[1, 2] * 500] * 3), metric=metric)
    assert few.value == many.value == few.high == many.high == 1
    wilson_of_ten = 0.7225  # of 10 of 10; two labels differ by chance half of the time
    assert few.low == pytest.approx(1 - (1 - wilson_of_ten) / 0.5, abs=1e-3)
    assert many.low > 0.99


@pytest.mark.parametrize(
    ("labels", "because"),
    [
        ([], "no labels"),
        ([("a", 1, None), ("b", 1, None)], "no labels"),
        ([("a", unit, "left") for unit in range(9)], "one annotator"),
        ([("a", 1, "left"), ("b", 2, "left")], "no unit has labels of two"),
        ([("a", 1, "left"), ("b", 1, "right"), ("c", 1, "left")], "only one unit"),
        ([(who, unit, "left") for who in "ab" for unit in range(30)], "same label everywhere"),
    ],
)
def test_what_cannot_be_known_is_undefined_with_its_reason(labels, because):
    alpha = krippendorff_alpha(UnitLabels.of(labels))
    assert isinstance(alpha, Undefined)
    assert because in alpha.because


def test_evalica_calls_agreement_without_variation_perfect_and_we_do_not():
    same = [[1, 1, 1], [1, 1, 1]]
    assert evalica.alpha(pd.DataFrame(same, dtype="float")).alpha == 1
    assert isinstance(krippendorff_alpha(labels_of(same)), Undefined)


def test_one_odd_unit_among_many_carries_no_coefficient():
    alpha = krippendorff_alpha(labels_of([[1] * 30 + [2]] * 2))
    assert isinstance(alpha, Undefined)
    assert "hang on those few" in alpha.because


@pytest.mark.parametrize(
    ("values", "metric"),
    [(("1", "2"), "ordinal"), ((1.0, float("inf")), "interval"), ((-1, 2), "ratio")],
)
def test_values_that_a_metric_cannot_measure_are_refused(values, metric):
    with pytest.raises(ValueError, match="one value is"):
        krippendorff_alpha(labels_of([values, values]), metric=metric)


def test_more_different_values_than_can_be_held_against_each_other_are_refused():
    with pytest.raises(ValueError, match="1001 different values"):
        krippendorff_alpha(labels_of([range(1001), range(1001)]), metric="interval")


def test_two_labels_of_one_annotator_on_one_unit_are_refused():
    with pytest.raises(ValueError, match="'a' labelled unit 1 twice"):
        UnitLabels.of([("a", 1, "left"), ("b", 1, "left"), ("a", 1, "right")])


def test_nan_is_no_label():
    with pytest.raises(ValueError, match="is NaN; None means missing"):
        UnitLabels.of([("a", 1, "left"), ("b", 1, float("nan"))])


def test_zero_is_an_amount():
    assert distances("ratio", (0, 1, 3), np.ones(3)) == pytest.approx(np.array([[0, 1, 1], [1, 0, 0.25], [1, 0.25, 0]]))


def test_planted_agreement_is_found():
    # A label is the truth with probability p and else drawn: two labels then agree beyond chance with probability p².
    draw = random.Random(4)
    truth = [draw.choice("abc") for _unit in range(3000)]
    matrix = [[real if draw.random() < 0.8 else draw.choice("abc") for real in truth] for _annotator in range(3)]
    alpha = krippendorff_alpha(labels_of(matrix))
    assert alpha.low < 0.64 < alpha.high
    assert alpha.high - alpha.low < 0.06


def test_labels_at_random_have_an_interval_around_zero():
    draw = random.Random(5)
    alpha = krippendorff_alpha(labels_of([[draw.choice("abc") for _unit in range(400)] for _annotator in range(3)]))
    assert alpha.low < 0 < alpha.high


def test_the_interval_takes_units_whole():
    # Nine annotators who copy each other give nine times the labels and no more knowledge.
    draw = random.Random(6)
    pair = [[draw.choice("ab") for _unit in range(100)] for _annotator in range(2)]
    one = krippendorff_alpha(labels_of(pair))
    copied = krippendorff_alpha(labels_of(pair * 9))
    assert copied.high - copied.low > 0.5 * (one.high - one.low)
