"""Elo: steps by hand, evalica, orders and weights."""

import evalica
import numpy as np
import pytest

from labeling.stats.elo import elo_ratings, run_elo
from labeling.stats.outcomes import outcomes_of_pairs


def random_pairs(seed, count=60):
    draw = np.random.default_rng(seed)
    first = draw.choice(["a", "b", "c"], count)
    second = [draw.choice([name for name in "abc" if name != one]) for one in first]
    return list(first), second, draw.choice([0, 0.5, 1], count).tolist()


def test_a_win_between_equals_moves_half_of_k():
    ratings = elo_ratings(outcomes_of_pairs(["a"], ["b"], [1]), k=32)
    assert ratings.as_given.tolist() == [1016, 984]


def test_the_second_step_sees_what_the_first_did():
    ratings = elo_ratings(outcomes_of_pairs(["a", "a"], ["b", "b"], [1, 1]), k=32)
    chance = 1 / (1 + 10 ** (-32 / 400))
    assert ratings.as_given[0] == pytest.approx(1016 + 32 * (1 - chance))


def test_ratings_in_the_given_order_are_those_of_evalica():
    first, second, score = random_pairs(1)
    winners = [{1: evalica.Winner.X, 0: evalica.Winner.Y, 0.5: evalica.Winner.Draw}[one] for one in score]
    peer = evalica.elo(first, second, winners, k=4.0).scores.sort_index()
    assert elo_ratings(outcomes_of_pairs(first, second, score)).as_given.tolist() == pytest.approx(peer.tolist())


def test_order_matters_and_the_mean_over_orders_hardly_does():
    first, second, score = random_pairs(2)
    forth = elo_ratings(outcomes_of_pairs(first, second, score), k=32, shuffles=400)
    back = elo_ratings(outcomes_of_pairs(first[::-1], second[::-1], score[::-1]), k=32, shuffles=400)
    assert np.abs(forth.as_given - back.as_given).max() > 10
    assert np.abs(forth.mean - back.mean).max() < 5


def test_a_weight_belongs_to_the_whole_step():
    pair = (["a"], ["b"], [1])
    twice = outcomes_of_pairs(["a", "a"], ["b", "b"], [1, 0], units=["u", "u"])
    assert twice.weight.tolist() == [0.5, 0.5]
    assert elo_ratings(twice, k=32).as_given[0] == pytest.approx(1008 - 16 / (1 + 10 ** (-16 / 400)))
    order = np.zeros((1, 1), dtype=np.int32)
    light = run_elo(outcomes_of_pairs(*pair), order, np.full((1, 1), 0.25, dtype=np.float32), k=32)
    assert light.tolist() == [[1004, 996]]


def test_points_are_never_made_or_lost():
    ratings = elo_ratings(outcomes_of_pairs(*random_pairs(3)), k=32, shuffles=5, rounds=5)
    for some in (ratings.as_given[None], ratings.shuffled, ratings.resampled):
        assert some.sum(axis=1).tolist() == pytest.approx([3000] * len(some))


def test_the_same_seed_gives_the_same_orders():
    outcomes = outcomes_of_pairs(*random_pairs(4))
    one, other = (elo_ratings(outcomes, seed=5, shuffles=3, rounds=3) for _ in range(2))
    assert np.array_equal(one.shuffled, other.shuffled)
    assert np.array_equal(one.resampled, other.resampled)


def test_without_a_shuffle_there_is_no_mean():
    with pytest.raises(ValueError, match="shuffle"):
        elo_ratings(outcomes_of_pairs(["a"], ["b"], [1]), shuffles=0)
