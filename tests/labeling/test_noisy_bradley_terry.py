"""Noisy Bradley–Terry: who follows the responses' strengths, and whom a side draws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import approx_fprime

from labeling.stats import noisy_bradley_terry
from labeling.stats.noisy_bradley_terry import fit_noisy_bradley_terry
from labeling.stats.pair_table import ShownPair, pair_table
from labeling.stats.undefined import Undefined
from tests.labeling.crowds import judged_pairs

STRENGTHS = [2.5, 1.5, 0.8, 0.2, -0.4, -1.0, -1.6, -2.0]
PEOPLE = [
    (0.98, (0.5, 0.5)),
    (0.9, (0.5, 0.5)),
    (0.8, (0.5, 0.5)),
    (0.7, (0.9, 0.1)),
    (0.5, (0.1, 0.9)),
    (0.3, (0.5, 0.5)),
    (0.0, (0.97, 0.03)),
    (0.0, (0.5, 0.5)),
]


def side_bias(competence, habit, decided=1.0):
    left, right = (competence * decided / 2 + (1 - competence) * share for share in habit[:2])
    return left / (left + right)


def test_planted_people_and_strengths_are_found():
    fit = fit_noisy_bradley_terry(judged_pairs(STRENGTHS, PEOPLE, judgments=8000))
    assert fit.has_settled
    assert fit.tie_parameter is None
    found = [fit.strengths[response] for response in range(len(STRENGTHS))]
    assert found == sorted(found, reverse=True)
    assert sum(found) == pytest.approx(0, abs=1e-9)
    for person, (competence, habit) in enumerate(PEOPLE):
        assert fit.annotators[person].competence == pytest.approx(competence, abs=0.12)
        bias = fit.annotators[person].side_bias
        assert bias.share == pytest.approx(side_bias(competence, habit), abs=0.06)
        assert bias.low <= side_bias(competence, habit) <= bias.high


def test_whoever_always_takes_the_left_is_biased_and_the_fair_are_not():
    people = fit_noisy_bradley_terry(judged_pairs(STRENGTHS, PEOPLE, judgments=4000)).annotators
    assert people[6].side_bias.low > 0.9
    assert people[3].side_bias.low > 0.5
    assert people[4].side_bias.high < 0.5
    for fair in (0, 1, 7):
        assert people[fair].side_bias.low < 0.5 < people[fair].side_bias.high


def test_a_guess_takes_the_stronger_half_of_the_time_and_nobody_always():
    people = fit_noisy_bradley_terry(judged_pairs(STRENGTHS, PEOPLE, judgments=4000)).annotators
    assert people[7].accuracy.low <= 0.5 + 0.02
    assert people[7].accuracy.high < 0.6
    assert people[0].accuracy.low > 0.75
    assert people[0].accuracy.high < 0.95


def test_accuracies_lie_in_their_intervals_although_the_level_of_competences_is_uncertain():
    inside = []
    lead = np.abs(np.subtract.outer(STRENGTHS, STRENGTHS)[np.triu_indices(len(STRENGTHS), 1)])
    stronger = (1 / (1 + np.exp(-lead))).mean()
    for seed in range(4):
        planted = np.random.default_rng(seed).uniform(0.1, 0.95, 20)
        people = [(float(one), (0.5, 0.5)) for one in planted]
        found = fit_noisy_bradley_terry(judged_pairs(STRENGTHS, people, judgments=3000, seed=seed)).annotators
        for a, one in enumerate(planted):
            inside.append(found[a].accuracy.low <= one * stronger + (1 - one) / 2 <= found[a].accuracy.high)
    assert 0.88 <= np.mean(inside) <= 1


def test_ties_are_an_outcome_of_their_own():
    people = [(one, (0.4, 0.4, 0.2)) for one in (0.95, 0.9, 0.8, 0.6)] + [(0.0, (0.02, 0.02, 0.96))]
    judgments = judged_pairs(STRENGTHS, people, judgments=6000, tie_parameter=math.log(0.8))
    fit = fit_noisy_bradley_terry(judgments)
    assert fit.tie_parameter == pytest.approx(math.log(0.8), abs=0.35)
    assert fit.annotators[4].competence < 0.05
    assert fit.annotators[4].habit[2] > 0.9
    assert fit.annotators[0].competence > 0.8
    decided = 1 - 0.8 / 2.8
    assert fit.annotators[3].side_bias.share == pytest.approx(side_bias(0.6, (0.4, 0.4), decided), abs=0.06)


def test_a_tie_draws_two_responses_together():
    people = [(0.9, (0.4, 0.4, 0.2))] * 3
    judgments = judged_pairs([1.0, 0.0, -1.0], people, judgments=300, tie_parameter=0.0)
    before = fit_noisy_bradley_terry(judgments).strengths
    after = fit_noisy_bradley_terry([*judgments, *[ShownPair(0, 0, 1, "tie")] * 40]).strengths
    assert abs(after[0] - after[1]) < abs(before[0] - before[1])


def test_a_contrarian_looks_like_one_who_does_not_look():
    upside_down = [(1.0, (0.5, 0.5))]
    honest = judged_pairs(STRENGTHS, [(0.9, (0.5, 0.5))] * 5, judgments=2000)
    contrary = judged_pairs([-one for one in STRENGTHS], upside_down, judgments=300, seed=1)
    fit = fit_noisy_bradley_terry([*honest, *(one._replace(annotator=9) for one in contrary)])
    assert fit.annotators[9].competence < 0.05


MIRROR = {"left": "right", "right": "left", "tie": "tie"}


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 100))
def test_a_mirrored_screen_mirrors_the_side_bias_alone(seed):
    people = [(0.9, (0.7, 0.2, 0.1)), (0.6, (0.2, 0.7, 0.1)), (0.8, (0.3, 0.3, 0.4))]
    judgments = judged_pairs(STRENGTHS[:5], people, judgments=300, seed=seed, tie_parameter=-0.5)
    mirrored = [ShownPair(one.annotator, one.right, one.left, MIRROR[one.verdict]) for one in judgments]
    one, other = fit_noisy_bradley_terry(judgments), fit_noisy_bradley_terry(mirrored)
    for person in range(3):
        left, right = one.annotators[person], other.annotators[person]
        assert left.side_bias.share == pytest.approx(1 - right.side_bias.share, abs=2e-3)
        assert left.accuracy.share == pytest.approx(right.accuracy.share, abs=2e-3)
        assert left.competence == pytest.approx(right.competence, abs=2e-3)
    for response in range(5):
        assert one.strengths[response] == pytest.approx(other.strengths[response], abs=5e-3)


def test_the_order_in_which_judgments_come_changes_no_bit():
    judgments = judged_pairs(STRENGTHS, PEOPLE, judgments=400)
    assert fit_noisy_bradley_terry(judgments) == fit_noisy_bradley_terry(judgments[::-1])


@pytest.mark.parametrize("tie_parameter", [None, -0.3])
def test_the_gradient_is_that_of_what_is_minimised(tie_parameter):
    habit = (0.5, 0.5) if tie_parameter is None else (0.4, 0.4, 0.2)
    pairs = pair_table(judged_pairs(STRENGTHS[:4], [(0.7, habit)] * 3, judgments=60, tie_parameter=tie_parameter))
    size = len(noisy_bradley_terry._start(pairs).flat())
    point = np.random.default_rng(0).normal(0, 0.7, size)
    value = lambda flat: noisy_bradley_terry._negative_log_posterior(flat, pairs)[0]  # noqa: E731
    _, gradient = noisy_bradley_terry._negative_log_posterior(point, pairs)
    assert gradient == pytest.approx(approx_fprime(point, value, 1e-6), abs=2e-4)


@pytest.mark.parametrize(
    ("judgments", "reason"),
    [
        ([], "nobody has judged anything"),
        ([ShownPair("ann", 1, 2, "left")] * 9, "one annotator alone"),
        ([ShownPair(who, 1, 2, "tie") for who in ("ann", "bea")] * 9, "every verdict is a tie"),
    ],
)
def test_what_judgments_cannot_tell_is_undefined_with_its_reason(judgments, reason):
    found = fit_noisy_bradley_terry(judgments)
    assert isinstance(found, Undefined)
    assert reason in found.because


def test_responses_that_nobody_compared_are_on_no_one_scale_while_people_are_still_told_apart():
    people = [(0.95, (0.5, 0.5)), (0.9, (0.5, 0.5)), (0.0, (0.5, 0.5))]
    here = judged_pairs(STRENGTHS[:4], people, judgments=300)
    there = [
        one._replace(left=one.left + 100, right=one.right + 100)
        for one in judged_pairs(STRENGTHS[:4], people, judgments=300, seed=1)
    ]
    fit = fit_noisy_bradley_terry([*here, *there])
    assert "2 groups" in fit.strengths.because
    assert fit.annotators[2].accuracy.high < fit.annotators[0].accuracy.low


def test_what_hardly_anybody_else_judged_says_nothing_of_a_person():
    crowd = judged_pairs(STRENGTHS, [(0.9, (0.5, 0.5))] * 3, judgments=300)
    alone = [ShownPair(9, 200 + n, 201 + n, "left") for n in range(20)]
    hermit = fit_noisy_bradley_terry([*crowd, *alone]).annotators[9]
    for figure in (hermit.accuracy, hermit.side_bias, hermit.competence, hermit.reliability):
        assert "0.0 judgments" in figure.because
    assert hermit.judgments == 20


def test_whoever_judged_little_gets_no_figure():
    crowd = judged_pairs(STRENGTHS, [(0.9, (0.5, 0.5))] * 3, judgments=300)
    newcomer = fit_noisy_bradley_terry([*crowd, ShownPair(9, 0, 1, "left")]).annotators[9]
    assert "only 1 of their labels" in newcomer.accuracy.because


def test_what_never_lost_stays_finite():
    judgments = [ShownPair(who, 0, other, "left") for who in ("ann", "bea") for other in (1, 2) for _ in range(20)]
    judgments += [ShownPair(who, 1, 2, side) for who in ("ann", "bea") for side in ("left", "right") for _ in range(5)]
    strengths = fit_noisy_bradley_terry(judgments).strengths
    assert 1 < strengths[0] < 10


def test_a_response_against_itself_another_verdict_and_mixed_ids_are_refused():
    with pytest.raises(ValueError, match="against itself"):
        fit_noisy_bradley_terry([ShownPair("ann", 1, 1, "left")])
    with pytest.raises(ValueError, match="left, right or tie"):
        fit_noisy_bradley_terry([ShownPair("ann", 1, 2, "a")])
    with pytest.raises(ValueError, match="one kind"):
        fit_noisy_bradley_terry([ShownPair("ann", 1, 2, "left"), ShownPair(3, 1, 2, "left")])
