"""Win rates: shares by hand, evalica, intervals."""

import evalica
import numpy as np
import pytest

from labeling.stats.intervals import Interval, wilson_share
from labeling.stats.outcomes import PolicyRanking, outcomes_of, outcomes_of_pairs
from labeling.stats.standings import Score
from labeling.stats.undefined import Undefined
from labeling.stats.win_rates import mean_of_shares, win_rates
from tests.labeling.test_elo import random_pairs


def test_shares_by_hand_and_the_average_counts_each_opponent_once():
    rates = {rate.policy: rate for rate in win_rates(outcomes_of_pairs(list("aaab"), list("bbbc"), [1, 1, 0.5, 1]))}
    assert rates["a"].overall == wilson_share(2.5 / 3, 3)
    assert rates["b"].overall == wilson_share(1.5 / 4, 4)
    assert rates["b"].average.value == pytest.approx((0.5 / 3 + 1) / 2)
    assert rates["b"].against == {"a": wilson_share(0.5 / 3, 3), "c": wilson_share(1.0, 1)}


def test_average_win_rates_are_those_of_evalica():
    first, second, score = random_pairs(6)
    winners = [{1: evalica.Winner.X, 0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}[one] for one in score]
    peer = evalica.average_win_rate(first, second, winners).scores
    for rate in win_rates(outcomes_of_pairs(first, second, score)):
        assert rate.average.value == pytest.approx(peer[rate.policy])
        assert rate.average.interval.low < rate.average.value < rate.average.interval.high


def test_the_best_average_comes_first_and_who_met_nobody_last():
    rankings = [PolicyRanking(("c", "b"), ((0,), (1,)), 1), PolicyRanking(("a", "a"), ((0,), (1,)), 2)]
    rates = win_rates(outcomes_of(rankings))
    assert [rate.policy for rate in rates] == ["c", "b", "a"]
    assert isinstance(rates[-1].overall, Undefined)
    assert rates[-1].against == {}
    assert win_rates(outcomes_of([])) == []


def test_who_always_won_has_the_same_honest_interval_both_ways():
    best = win_rates(outcomes_of_pairs(["a"] * 5, ["b"] * 5, [1] * 5))[0]
    assert (best.overall.share, best.overall.low) == (1, pytest.approx(0.566, abs=0.001))
    assert best.average == Score(1.0, Interval(pytest.approx(best.overall.low), 1.0))


def test_the_interval_of_an_average_covers_it():
    draw = np.random.default_rng(3)
    planted = np.array([0.9, 0.7, 0.5, 0.3])
    covered = 0
    for _world in range(400):
        shares = [wilson_share(float(one), 6) for one in draw.binomial(6, planted) / 6]
        interval = mean_of_shares(shares).interval
        covered += interval.low <= planted.mean() <= interval.high
    assert 0.92 <= covered / 400 <= 0.99


def test_many_judgments_of_one_prompt_are_one_trial():
    rate = win_rates(outcomes_of_pairs(["a"] * 6, ["b"] * 6, [1] * 6, units=[1, 1, 1, 2, 2, 2]))[0]
    assert rate.overall.n == rate.against["b"].n == 2
