"""Style control: relative differences by hand, planted coefficients, statsmodels, and what cannot be told apart."""

import math

import numpy as np
import pytest
import statsmodels.api as sm

from labeling.stats.bradley_terry import fit_bradley_terry
from labeling.stats.outcomes import PolicyRanking, outcomes_of, outcomes_of_pairs
from labeling.stats.scale import NATS
from labeling.stats.standings import Score
from labeling.stats.style import COVARIATES, style_differences
from labeling.stats.style_control import style_controlled_leaderboard
from labeling.stats.text_features import text_features
from labeling.stats.undefined import Undefined

NAMES = np.array(["a", "b", "c", "d"])
STRENGTHS = np.array([0.6, 0.2, -0.2, -0.6])
EFFECTS = np.array([0.8, 0.0])


def judged(count, seed, *, verbose=0.0):
    """Pairs whose winner hangs on strength and on two covariates; the weaker policy may be the more verbose one."""
    draw = np.random.default_rng(seed)
    first = draw.integers(0, 4, count)
    second = (first + draw.integers(1, 4, count)) % 4
    differences = draw.uniform(-1, 1, (count, 2)) - verbose * np.sign(STRENGTHS[first] - STRENGTHS[second])[:, None] * [
        1,
        0,
    ]
    logit = STRENGTHS[first] - STRENGTHS[second] + differences @ EFFECTS
    score = (draw.random(count) < 1 / (1 + np.exp(-logit))).astype(float)
    score[draw.random(count) < 0.1] = 0.5
    units = np.arange(count) // 2  # two judgments of each prompt
    return NAMES[first].tolist(), NAMES[second].tolist(), score.tolist(), units.tolist(), differences


def controlled(first, second, score, units, differences, **options):
    outcomes = outcomes_of_pairs(first, second, score, units=units)
    return style_controlled_leaderboard(outcomes, differences, covariates=("one", "two"), scale=NATS, **options)


def strengths_of(board):
    return [one.score.value for one in sorted(board.standings, key=lambda one: one.policy)]


def test_differences_are_relative_to_both_texts():
    long = text_features("# Title\n\n- one\n- two\n- **three**\n")
    short = text_features("- one")
    outcomes = outcomes_of([PolicyRanking(("a", "b"), ((1,), (0,)), 1)])
    (row,) = style_differences(outcomes, [(long, short)])
    assert dict(zip(COVARIATES, row, strict=True)) == pytest.approx(
        {"length": (5 - long.characters) / (5 + long.characters), "headers": -1, "lists": (1 - 3) / 4, "bold": -1}
    )
    assert style_differences(outcomes, [(short, short)]).tolist() == [[0, 0, 0, 0]]
    assert np.isnan(style_differences(outcomes, [(long, None)])).all()
    assert style_differences(outcomes_of([]), []).shape == (0, 4)


def test_planted_strengths_and_effects_are_recovered():
    found = controlled(*judged(20_000, seed=1))
    # A tenth of outcomes became ties, which pull log-odds towards 0 by about that much.
    assert strengths_of(found.leaderboard) == pytest.approx((0.9 * STRENGTHS).tolist(), abs=0.08)
    one, two = found.effects
    assert one.typical == pytest.approx(1 / math.sqrt(3), abs=0.01)
    assert one.coefficient.value / one.typical == pytest.approx(0.9 * 0.8, abs=0.08)
    assert one.coefficient.interval.low > 0.3
    assert two.coefficient.interval.low < 0 < two.coefficient.interval.high


def test_verbosity_that_hides_an_order_is_taken_out():
    data = judged(8000, seed=2, verbose=1.5)
    wins, ties = outcomes_of_pairs(*data[:3]).tallies()
    plain = fit_bradley_terry(wins[None], ties[None]).strengths[0]
    assert plain[0] < plain[3]
    board = controlled(*data).leaderboard
    assert [one.policy for one in board.standings] == list("abcd")
    assert board.standings[0].rank.high <= 2


def test_coefficients_and_robust_errors_are_those_of_statsmodels():
    first, second, score, units, differences = judged(1500, seed=3)
    one, other = np.searchsorted(NAMES, first), np.searchsorted(NAMES, second)
    scaled = differences / np.sqrt((differences**2).mean(axis=0))
    design = np.hstack([(np.eye(4)[one] - np.eye(4)[other])[:, 1:], scaled])
    peer = sm.GLM(np.array(score), design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(units)}
    )
    found = controlled(first, second, score, units, differences)
    strengths = strengths_of(found.leaderboard)
    assert [one - strengths[0] for one in strengths[1:]] == pytest.approx(peer.params[:3].tolist(), abs=1e-6)
    assert [effect.coefficient.value for effect in found.effects] == pytest.approx(peer.params[3:].tolist(), abs=1e-6)
    errors = [(e.coefficient.interval.high - e.coefficient.interval.low) / 2 / 1.959964 for e in found.effects]
    assert errors == pytest.approx(peer.bse[3:].tolist(), rel=0.01)  # theirs corrects for the number of columns too


def test_without_any_difference_in_style_it_is_bradley_terry():
    first, second, score, _units, differences = judged(500, seed=4)
    outcomes = outcomes_of_pairs(first, second, score)
    found = style_controlled_leaderboard(outcomes, differences * 0, covariates=("one", "two"), scale=NATS)
    wins, ties = outcomes.tallies()
    assert strengths_of(found.leaderboard) == pytest.approx(
        fit_bradley_terry(wins[None], ties[None]).strengths[0].tolist()
    )
    assert all("differ" in effect.coefficient.because for effect in found.effects)


def test_naming_the_other_response_first_changes_nothing():
    first, second, score, units, differences = judged(500, seed=5)
    forth = controlled(first, second, score, units, differences)
    back = controlled(second, first, [1 - one for one in score], units, -differences)
    assert strengths_of(back.leaderboard) == pytest.approx(strengths_of(forth.leaderboard))
    for one, other in zip(forth.effects, back.effects, strict=True):
        assert other.coefficient.value == pytest.approx(one.coefficient.value)


def test_pairs_with_an_unknown_text_are_left_out_and_counted():
    data = judged(500, seed=6)
    without = controlled(*(column[:400] for column in data))
    data[-1][400:, 0] = np.nan
    found = controlled(*data)
    assert found.left_out == 100
    assert strengths_of(found.leaderboard) == pytest.approx(strengths_of(without.leaderboard))


def test_an_undefeated_policy_has_no_strength_at_equal_style_either():
    first, second, score, units, differences = judged(500, seed=7)
    found = controlled(
        [*first, "best"], [*second, "a"], [*score, 1], [*units, -1], np.vstack([differences, [[0.3, 0.1]]])
    )
    assert "won every" in found.leaderboard.standings[0].score.because
    assert all(isinstance(one.score, Score) for one in found.leaderboard.standings[1:])
    assert isinstance(found.effects[0].coefficient, Score)


def test_a_style_that_decides_everything_has_no_finite_coefficient():
    first, second, _score, units, differences = judged(200, seed=8)
    found = controlled(first, second, (differences[:, 0] > 0).astype(float).tolist(), units, differences)
    assert isinstance(found.effects[0].coefficient, Undefined)
    assert all(isinstance(one.score, Undefined) for one in found.leaderboard.standings)


def test_two_covariates_that_say_the_same_cannot_be_told_apart():
    first, second, score, units, differences = judged(200, seed=9)
    same = np.repeat(differences[:, :1], 2, axis=1)
    assert isinstance(controlled(first, second, score, units, same).effects[0].coefficient, Undefined)


def test_nobody_and_differences_of_other_pairs():
    found = style_controlled_leaderboard(outcomes_of([]), np.zeros((0, 4)))
    assert found.leaderboard.standings == ()
    assert all(isinstance(effect.coefficient, Undefined) for effect in found.effects)
    with pytest.raises(ValueError, match="shape"):
        style_controlled_leaderboard(outcomes_of([]), np.zeros((3, 4)))
