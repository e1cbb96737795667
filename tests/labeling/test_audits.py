"""The models and intervals under the audits, against statsmodels, brute force, the bootstrap and values by hand."""

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from labeling.stats.audits.clusters import (
    Units,
    clustered_share,
    coefficient,
    effective_number,
    jackknife_variance,
    partial_information,
    uncertainty,
    units_of,
)
from labeling.stats.audits.effects import Effect, finding, holm
from labeling.stats.audits.models import centred, fit_line, fit_logistic
from labeling.stats.intervals import wilson_share
from labeling.stats.undefined import Undefined


def pairs_with_people(seed, n=1200, people=40, prompts=150):
    """A logistic world with two columns, people who differ and prompts that differ."""
    draw = np.random.default_rng(seed)
    person, prompt = draw.integers(people, size=n), draw.integers(prompts, size=n)
    design = draw.normal(size=(n, 2)) + 0.5 * draw.normal(size=prompts)[prompt, None]
    lead = design @ [0.8, -0.3] + 0.7 * draw.normal(size=people)[person] * design[:, 0]
    outcome = (draw.random(n) < 1 / (1 + np.exp(-lead))).astype(float)
    return design, outcome, Units(np.unique(person, return_inverse=True)[1], np.unique(prompt, return_inverse=True)[1])


def test_logistic_coefficients_are_those_of_statsmodels():
    design, outcome, _units = pairs_with_people(1)
    ours = fit_logistic(design, outcome, np.ones(len(outcome)))
    theirs = sm.Logit(outcome, design).fit(disp=0, tol=1e-12)
    assert ours.coefficients == pytest.approx(theirs.params, abs=1e-8)


def test_weighted_logistic_coefficients_are_those_of_a_weighted_binomial_model():
    design, outcome, _units = pairs_with_people(2)
    weight = np.random.default_rng(2).integers(1, 5, len(outcome)).astype(float)
    theirs = sm.GLM(outcome, design, family=sm.families.Binomial(), freq_weights=weight).fit(tol=1e-12)
    assert fit_logistic(design, outcome, weight).coefficients == pytest.approx(theirs.params, abs=1e-7)


def test_a_line_is_that_of_weighted_least_squares():
    design, outcome, _units = pairs_with_people(3)
    weight = np.random.default_rng(3).random(len(outcome))
    theirs = sm.WLS(outcome, design, weights=weight).fit()
    assert fit_line(design, outcome, weight).coefficients == pytest.approx(theirs.params, abs=1e-10)


def test_centring_by_group_gives_the_slope_beside_an_intercept_for_every_group():
    design, outcome, units = pairs_with_people(4)
    ones = np.ones(len(outcome))
    ours = fit_line(centred(design, units.annotators, ones), centred(outcome, units.annotators, ones), ones)
    dummies = np.eye(units.annotators.max() + 1)[units.annotators]
    theirs = sm.OLS(outcome, np.hstack([design, dummies])).fit()
    assert ours.coefficients == pytest.approx(theirs.params[:2], abs=1e-10)


def test_the_linear_jackknife_is_what_leaving_out_each_cluster_gives():
    design, outcome, units = pairs_with_people(5, n=300, people=12)
    fit = fit_line(design, outcome, np.ones(len(outcome)))
    left = [sm.OLS(outcome[keep], design[keep]).fit().params[0] for keep in without_each(units.annotators)]
    brute = 11 / 12 * sum((one - fit.coefficients[0]) ** 2 for one in left)
    assert jackknife_variance(fit, 0, units.annotators) == pytest.approx(brute, rel=1e-10)


def test_the_logistic_jackknife_is_to_first_order_what_leaving_out_each_cluster_gives():
    design, outcome, units = pairs_with_people(6)
    fit = fit_logistic(design, outcome, np.ones(len(outcome)))
    left = [sm.Logit(outcome[keep], design[keep]).fit(disp=0).params[0] for keep in without_each(units.annotators)]
    brute = 39 / 40 * sum((one - fit.coefficients[0]) ** 2 for one in left)
    assert jackknife_variance(fit, 0, units.annotators) == pytest.approx(brute, rel=0.03)


def without_each(labels):
    return [labels != label for label in range(labels.max() + 1)]


def test_with_many_clusters_the_jackknife_meets_the_sandwich_of_statsmodels():
    design, outcome, units = pairs_with_people(7, n=6000, people=300, prompts=3000)
    theirs = sm.Logit(outcome, design).fit(disp=0, cov_type="cluster", cov_kwds={"groups": units.annotators})
    ours = jackknife_variance(fit_logistic(design, outcome, np.ones(len(outcome))), 0, units.annotators)
    assert math.sqrt(ours) == pytest.approx(theirs.bse[0], rel=0.02)


def test_with_many_clusters_both_ways_meet_the_two_way_sandwich_of_statsmodels():
    design, outcome, units = pairs_with_people(8, n=6000, people=300, prompts=300)
    groups = np.stack([units.annotators, units.prompts], axis=1)
    theirs = sm.OLS(outcome, design).fit(cov_type="cluster", cov_kwds={"groups": groups, "use_correction": False})
    ours = uncertainty(fit_line(design, outcome, np.ones(len(outcome))), 0, units)
    assert math.sqrt(ours.variance) == pytest.approx(theirs.bse[0], rel=0.02)
    assert [one.unit for one in ours.clusters] == ["annotators", "prompts"]


def test_the_error_of_a_share_is_that_of_a_bootstrap_over_annotators():
    draw = np.random.default_rng(9)
    person = np.repeat(np.arange(30), draw.integers(5, 40, 30))
    outcome = (draw.random(len(person)) < draw.beta(4, 3, 30)[person]).astype(float)
    fit = fit_line(np.ones((len(person), 1)), outcome, np.ones(len(person)))
    sums, counts = np.bincount(person, outcome), np.bincount(person)
    drawn = draw.integers(0, 30, (4000, 30))
    bootstrap = (sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)).std()
    assert math.sqrt(jackknife_variance(fit, 0, person)) == pytest.approx(bootstrap, rel=0.08)


def test_the_share_of_partial_information_is_that_of_the_regression_without_the_others():
    design, outcome, _units = pairs_with_people(10, n=200)
    fit = fit_line(design, outcome, np.ones(200))
    residual = design[:, 0] - design[:, 1] * (design[:, 0] @ design[:, 1]) / (design[:, 1] @ design[:, 1])
    assert partial_information(fit, 0) == pytest.approx(residual**2)


def test_effective_numbers():
    assert effective_number(np.ones(7)) == pytest.approx(7)
    assert effective_number(np.array([3.0, 0, 0])) == pytest.approx(1)
    assert effective_number(np.array([2.0, 1, 1])) == pytest.approx(16 / 6)
    assert effective_number(np.zeros(3)) == 0


def test_the_share_of_independent_judgments_has_wilsons_interval_but_for_t():
    outcome = np.array([1.0] * 120 + [0.0] * 80)
    effect = clustered_share(outcome, np.ones(200), Units(None, np.arange(200)), null=0.5)
    wilson = wilson_share(0.6, 200)
    assert (effect.estimate, effect.n) == (pytest.approx(0.6), 200)
    assert (effect.low, effect.high) == (pytest.approx(wilson.low, abs=2e-3), pytest.approx(wilson.high, abs=2e-3))
    assert effect.p_value == pytest.approx(2 * stats.t.sf(0.1 / math.sqrt(0.25 / 199), 199), rel=1e-6)


def test_a_cluster_that_repeats_itself_counts_once():
    outcome = np.tile([1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0], 50)
    once = clustered_share(outcome[:10], np.ones(10), Units(None, np.arange(10)), null=0.5)
    fifty = clustered_share(outcome, np.ones(500), Units(None, np.tile(np.arange(10), 50)), null=0.5)
    assert (fifty.low, fifty.high) == (pytest.approx(once.low), pytest.approx(once.high))
    assert (once.n, fifty.n) == (10, 500)


def test_where_everybody_says_the_same_the_clusters_are_the_trials():
    effect = clustered_share(np.ones(500), np.ones(500), Units(None, np.arange(500) % 10), null=0.5)
    low = wilson_share(1.0, 10).low
    assert effect.high == 1.0
    assert 0.4 < effect.low < low  # of ten, and by t


def test_the_interval_leaves_the_null_out_just_when_the_p_value_is_below_five_percent():
    draw = np.random.default_rng(11)
    for chance in np.linspace(0.35, 0.65, 40):
        outcome = (draw.random(150) < chance).astype(float)
        effect = clustered_share(outcome, np.ones(150), Units(None, np.arange(150) % 50), null=0.5)
        assert effect.is_clear == (effect.p_value < 0.05)


def test_prompts_that_are_worth_fewer_than_four_give_no_interval():
    outcome = np.tile([1.0, 0.0], 50)
    three = clustered_share(outcome, np.ones(100), Units(np.arange(100) % 20, np.arange(100) % 3), null=0.5)
    assert three == Undefined("what it rests on is worth 3.0 prompts of equal weight; an interval needs 4")
    four = clustered_share(outcome, np.ones(100), Units(None, np.arange(100) // 25), null=0.5)
    assert isinstance(four, Effect)
    uneven = np.maximum(np.arange(100) - 60, 0)  # one prompt of 61 judgments, 39 of one each
    assert isinstance(clustered_share(outcome, np.ones(100), Units(None, uneven), null=0.5), Undefined)


def test_few_annotators_are_taken_as_they_are_and_the_sentence_says_so():
    outcome = (np.random.default_rng(12).random(120) < 0.6).astype(float)
    few = clustered_share(outcome, np.ones(120), Units(np.arange(120) % 3, np.arange(120) % 40), null=0.5)
    many = clustered_share(outcome, np.ones(120), Units(np.arange(120) % 11, np.arange(120) % 40), null=0.5)
    assert [one.unit for one in few.clusters] == ["prompts"]
    assert [one.unit for one in many.clusters] == ["annotators", "prompts"]
    assert "nothing of other annotators" in finding("key", "?", few, lambda effect: "So.").sentence
    assert "nothing of other annotators" not in finding("key", "?", many, lambda effect: "So.").sentence


def test_one_unknown_annotator_makes_all_unknown():
    assert units_of(["a", None, "b"], [1, 2, 3]).annotators is None
    assert units_of(["a", "b", "a"], [1, 2, 1]).annotators.tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("design", "because"),
    [
        (np.zeros((8, 1)), "nothing that differs"),
        (np.ones((8, 2)), "too little differs"),
        (np.arange(-4.0, 4)[:, None] + 0.5, "no finite slope"),
    ],
)
def test_what_no_model_can_tell_is_undefined(design, because):
    outcome = (np.arange(8) >= 4).astype(float)
    assert because in fit_logistic(design, outcome, np.ones(8)).because


def test_outcomes_that_do_not_vary_have_no_slope_to_be_sure_of():
    fit = fit_line(np.arange(-4.0, 4)[:, None], np.zeros(8), np.ones(8))
    assert coefficient(fit, 0, Units(None, np.arange(8))) == Undefined("nothing varies from one outcome to the next")


def test_nothing_to_count_is_undefined():
    nobody = Units(None, np.zeros(0, dtype=np.intp))
    assert clustered_share(np.zeros(0), np.zeros(0), nobody, null=0.5) == Undefined("there is no outcome to count")


@given(st.integers(0, 10_000), st.floats(0.1, 50))
def test_shares_do_not_depend_on_the_scale_of_weights_the_order_of_rows_or_the_names_of_clusters(seed, scale):
    draw = np.random.default_rng(seed)
    outcome, weight = draw.integers(0, 2, 60).astype(float), draw.random(60) + 0.1
    person, prompt = draw.integers(0, 9, 60), draw.integers(0, 15, 60)
    order = draw.permutation(60)
    one = clustered_share(outcome, weight, units_of(person.tolist(), prompt.tolist()), null=0.5)
    renamed = units_of([f"p{label}" for label in person[order]], (7 - prompt[order]).tolist())
    other = clustered_share(outcome[order], scale * weight[order], renamed, null=0.5)
    assert (one.estimate, one.low, one.high) == pytest.approx((other.estimate, other.low, other.high))
    assert 0 <= one.low <= one.estimate <= one.high <= 1


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_holms_correction_is_that_of_statsmodels(n):
    p_values = np.random.default_rng(n).random(n) ** 3
    assert holm(p_values.tolist()) == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


def test_holms_correction_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    with pytest.raises(ValueError, match="between 0 and 1"):
        holm([1.5])
