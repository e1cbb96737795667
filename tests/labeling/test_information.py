"""Priorities from what is not known: values by hand, limits, and an independent optimiser."""

import math

import numpy as np
import pytest
from scipy import optimize

from labeling.stats.information import (
    PRIOR_VARIANCE,
    Strengths,
    expected_information,
    fit_strengths,
    verdict_uncertainty,
)


def test_without_judgments_nothing_is_known_but_the_prior():
    known = fit_strengths(np.zeros((3, 3)))
    assert np.allclose(known.mean, 0)
    assert np.allclose(known.covariance, PRIOR_VARIANCE * np.eye(3))


def test_two_policies_even_after_n_games_have_the_variance_one_computes_by_hand():
    known = fit_strengths(np.array([[0.0, 4.0], [4.0, 0.0]]))
    # The difference has prior precision 1/(2·4) and gains 8 games of information 1/4 each.
    assert known.variance_of_difference(0, 1) == pytest.approx(1 / (1 / 8 + 2))
    assert np.allclose(known.mean, 0)


def test_the_mode_agrees_with_a_general_optimiser():
    wins = np.array([[0, 9, 4.5, 0], [3, 0, 7, 1], [2.5, 2, 0, 0], [0, 0, 0, 0]], dtype=float)

    def loss(theta):
        lead = theta[:, None] - theta[None, :]
        return (wins * np.logaddexp(0, -lead)).sum() + (theta**2).sum() / (2 * PRIOR_VARIANCE)

    best = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-10}).x
    assert np.allclose(fit_strengths(wins).mean, best, atol=1e-5)


def test_a_policy_that_never_lost_stays_finite():
    known = fit_strengths(np.array([[0.0, 1000.0], [0.0, 0.0]]))
    assert np.isfinite(known.mean).all()
    assert known.mean[0] > known.mean[1]


@pytest.mark.parametrize("wins", [np.zeros(3), np.zeros((2, 3)), np.array([[0.0, -1.0], [0.0, 0.0]])])
def test_what_is_no_matrix_of_counts_is_refused(wins):
    with pytest.raises(ValueError, match="square"):
        fit_strengths(wins)


def test_information_is_half_of_p_times_one_minus_p_times_the_variance():
    known = Strengths(np.array([math.log(3), 0.0]), np.diag([1.0, 2.0]))
    assert expected_information(known, [0, 1]) == pytest.approx(0.75 * 0.25 * 3.0 / 2)
    assert expected_information(fit_strengths(np.zeros((2, 2))), [0, 1]) == pytest.approx(PRIOR_VARIANCE / 4)


def test_a_policy_against_itself_tells_nothing():
    assert expected_information(fit_strengths(np.zeros((2, 2))), [1, 1]) == 0.0


def test_the_unknown_goes_before_the_known_and_the_close_before_the_distant():
    wins = np.zeros((4, 4))
    wins[0, 1] = wins[1, 0] = 50
    wins[0, 2] = 95
    wins[2, 0] = 5
    known = fit_strengths(wins)
    unknown, close, distant = (expected_information(known, [0, other]) for other in (3, 1, 2))
    assert unknown > close
    assert unknown > distant
    far = Strengths(np.array([0.0, 0.1, 3.0]), np.eye(3))
    assert expected_information(far, [0, 1]) > expected_information(far, [0, 2])


def test_a_ranking_tells_the_mean_over_its_pairs():
    known = fit_strengths(np.zeros((3, 3)))
    assert expected_information(known, [0, 1, 2]) == pytest.approx(expected_information(known, [0, 1]))


def test_equal_rewards_are_log_2_unsure_and_distant_ones_are_not():
    assert verdict_uncertainty([1.0, 1.0], [None, None]) == pytest.approx(math.log(2))
    assert verdict_uncertainty([40.0, 0.0], [None, None]) < 1e-12
    p = 1 / (1 + math.exp(-1.0))
    by_hand = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert verdict_uncertainty([1.0, 0.0], [None, None]) == pytest.approx(by_hand)


def test_only_differences_of_rewards_count():
    assert verdict_uncertainty([3.0, 1.0, 0.5], [0.1] * 3) == pytest.approx(
        verdict_uncertainty([103.0, 101.0, 100.5], [0.1] * 3)
    )


def test_a_model_that_disagrees_with_itself_is_less_sure():
    sure, unsure = (verdict_uncertainty([2.0, 0.0], [deviation] * 2) for deviation in (0.0, 3.0))
    assert sure < unsure < math.log(2)


def test_the_average_of_the_sigmoid_is_what_sampling_finds():
    draws = np.random.default_rng(0).normal(1.5, math.sqrt(2) * 1.2, 400_000)
    p = float((1 / (1 + np.exp(-draws))).mean())
    sampled = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert verdict_uncertainty([1.5, 0.0], [1.2, 1.2]) == pytest.approx(sampled, abs=0.01)


def test_one_response_leaves_nothing_to_judge_and_lengths_must_agree():
    assert verdict_uncertainty([1.0], [None]) == 0.0
    with pytest.raises(ValueError, match="deviations"):
        verdict_uncertainty([1.0, 2.0], [None])
