"""Shares with credible intervals from a likelihood on a grid."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta

from labeling.stats.competence import share_posteriors, share_that_follows, too_few


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=4))
def test_successes_in_independent_trials_give_their_beta_posterior(counts):
    right = np.array([one for one, _ in counts], dtype=float)
    wrong = np.array([other for _, other in counts], dtype=float)
    found = share_posteriors(
        lambda share: right * np.log(share) + wrong * np.log1p(-share), (right + wrong).astype(int)
    )
    for share, s, f in zip(found, right, wrong, strict=True):
        expected = beta(s + 1, f + 1)
        assert share.share == pytest.approx(expected.mean(), abs=0.004)
        assert share.low == pytest.approx(expected.ppf(0.025), abs=0.01)
        assert share.high == pytest.approx(expected.ppf(0.975), abs=0.01)


def test_ten_right_of_ten_is_not_one():
    (share,) = share_posteriors(lambda share: 10 * np.log(share), np.array([10]))
    assert share.share == pytest.approx(11 / 12, abs=0.002)
    assert share.low < 0.75
    assert share.high < 1


def test_somebody_whose_answers_nobody_could_know_may_follow_the_truth_or_not():
    answers = np.array([0, 1] * 20)
    (share,) = share_that_follows(
        np.full(40, 0.5), np.zeros(40, dtype=int), answers, np.array([[0.5, 0.5]]), habit_counts=1.0
    )
    assert share.low < 0.1
    assert share.high > 0.9


def test_following_what_others_say_raises_the_share_and_contradicting_it_lowers_it():
    person = np.repeat([0, 1], 50)
    agreement = np.repeat([0.95, 0.05], 50)
    answers = np.tile([0, 1], 50)
    follower, contrarian = share_that_follows(agreement, person, answers, np.full((2, 2), 0.5), habit_counts=1.0)
    assert follower.low > 0.8
    assert contrarian.high < 0.2
    assert follower.n == contrarian.n == 50


def test_few_labels_are_a_reason_and_enough_are_none():
    assert "only 4 of their labels" in too_few(4).because
    assert too_few(5) is None
