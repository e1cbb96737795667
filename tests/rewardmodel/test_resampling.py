"""Intervals against known coverage, and pairs of one prompt that do not pretend to be independent."""

import math

import numpy as np
import pytest
from scipy import stats

from rewardmodel.core.resampling import Interval, Resampling, tail_of


def test_the_interval_of_independent_pairs_is_about_the_binomial_one() -> None:
    correct = (np.arange(400) % 4 != 0).astype(float)
    interval = Resampling(np.arange(400), seed=1).share(correct)
    half = 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert interval.value == 0.75
    assert interval.low == pytest.approx(0.75 - half, abs=0.006)
    assert interval.high == pytest.approx(0.75 + half, abs=0.006)


def test_pairs_of_one_prompt_do_not_pretend_to_be_independent() -> None:
    correct = np.repeat((np.arange(40) % 4 != 0).astype(float), 10)
    clustered = Resampling(np.repeat(np.arange(40), 10)).share(correct)
    naive = Resampling(np.arange(400)).share(correct)
    assert clustered.high - clustered.low > 2.5 * (naive.high - naive.low)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draw = np.random.default_rng(3)
    hits, rounds = 0, 200
    for seed in range(rounds):
        difficulty = draw.beta(4, 2, 60)  # prompts differ, pairs of a prompt share its difficulty; the mean is 2/3
        correct = (draw.random((60, 3)) < difficulty[:, None]).astype(float)
        interval = Resampling(np.repeat(np.arange(60), 3), seed=seed).share(correct.ravel())
        hits += interval.low <= 2 / 3 <= interval.high
    assert 0.90 <= hits / rounds <= 0.99


@pytest.mark.parametrize("prompts", [5, 6, 8, 12, 30, 200, 100_000])
def test_of_few_prompts_fewer_resamples_lie_beyond_the_ends(prompts: int) -> None:
    wider = math.sqrt(prompts / (prompts - 1)) * stats.t.ppf(0.025, prompts - 1)
    assert tail_of(prompts) == pytest.approx(stats.norm.cdf(wider), rel=0.01)
    assert tail_of(100_000) == pytest.approx(0.025, rel=1e-3)


@pytest.mark.parametrize(("prompts", "least"), [(5, 0.89), (8, 0.92), (20, 0.92)])
def test_few_prompts_cover_the_truth_nearly_as_often_as_many(prompts: int, least: float) -> None:
    draw = np.random.default_rng(prompts)
    hits, rounds = 0, 400
    for seed in range(rounds):
        difficulty = draw.beta(4, 2, prompts)
        correct = (draw.random((prompts, 4)) < difficulty[:, None]).astype(float)
        interval = Resampling(np.repeat(np.arange(prompts), 4), seed=seed).share(correct.ravel())
        hits += interval.low <= 2 / 3 <= interval.high
    assert hits / rounds >= least


def test_fewer_than_five_prompts_cover_the_truth_though_one_has_nearly_all_pairs() -> None:
    draw = np.random.default_rng(1)
    prompts = np.repeat(np.arange(4), (97, 1, 1, 1))
    resampling = Resampling(prompts)
    intervals = [resampling.share((draw.random(4) < 0.25).astype(float)[prompts]) for _ in range(400)]
    assert np.mean([each.low <= 0.25 <= each.high for each in intervals]) > 0.95


def test_what_was_never_seen_to_fail_is_not_sure_to_succeed() -> None:
    ten = Resampling(np.arange(10))
    assert (ten.share(np.ones(10)).low, ten.share(np.ones(10)).high) == (pytest.approx(0.6915, abs=1e-4), 1)
    assert ten.share(np.zeros(10)).high == pytest.approx(0.3085, abs=1e-4)
    one_prompt = Resampling(np.zeros(10, dtype=int))
    assert one_prompt.share(np.ones(10)).low == 0.025


@pytest.mark.parametrize("prompts", [1, 2, 4])
def test_few_prompts_are_never_sure(prompts: int) -> None:
    few = Resampling(np.repeat(np.arange(prompts), 6)).share(np.tile([1.0, 1, 1, 1, 1, 0], prompts))
    assert few.value == pytest.approx(5 / 6)
    assert (few.low < 0.3, few.high) == (True, 1)


def test_equal_differences_have_an_interval_without_width() -> None:
    interval = Resampling(np.arange(10)).mean(np.zeros(10))
    assert (interval.value, interval.low, interval.high) == (0, 0, 0)


def test_a_difference_of_two_scorers_is_paired() -> None:
    draw = np.random.default_rng(0)
    one = (draw.random(300) < 0.7).astype(float)
    other = one.copy()
    other[:15] = 1 - other[:15]  # they differ on fifteen pairs only
    paired = Resampling(np.arange(300)).mean(one - other)
    alone = Resampling(np.arange(300)).share(one)
    assert paired.value == pytest.approx(one.mean() - other.mean())
    assert paired.high - paired.low < alone.high - alone.low


def test_a_difference_is_no_surer_than_a_share() -> None:
    right, wrong, half = np.ones(20), np.zeros(20), np.full(20, 0.5)
    one_prompt, five, many = (Resampling(np.arange(20) % prompts) for prompts in (1, 5, 20))
    assert one_prompt.difference(right, wrong).low < 0  # one prompt shows nothing
    for resampling in (five, many):
        share = resampling.share(right)
        assert resampling.difference(right, wrong) == Interval(1, pytest.approx(2 * share.low - 1), 1)
        assert resampling.difference(right, half) == Interval(0.5, pytest.approx(share.low - 0.5), 0.5)
        assert resampling.difference(wrong, right).high == pytest.approx(1 - 2 * share.low)
    assert five.difference(right, half).low < 0 < many.difference(right, half).low
    mixed = np.tile([1.0, 0, 1, 1], 5)
    turned, plain = many.difference(mixed, mixed[::-1]), many.mean(mixed - mixed[::-1])
    assert (turned.value, turned.low, turned.high) == pytest.approx((plain.value, plain.low, plain.high))


def test_a_part_of_the_pairs_is_resampled_with_its_prompts() -> None:
    correct = np.array([1.0, 0, 1, 1])
    resampling = Resampling(np.array([0, 0, 1, 2]), seed=4)
    chosen = np.array([True, True, False, True])
    assert resampling.share(correct, chosen).value == pytest.approx(2 / 3)
    assert resampling.prompts_among(chosen) == 2
    assert resampling.share(correct, chosen) == Resampling(np.array([0, 0, 1, 2]), seed=4).share(correct, chosen)


def test_shapes_must_agree_and_something_must_be_there() -> None:
    with pytest.raises(ValueError, match="P ≥ 1"):
        Resampling(np.zeros(0, dtype=int))
    with pytest.raises(ValueError, match="one row for each"):
        Resampling(np.arange(3)).mean(np.ones(4), np.ones(4, dtype=bool))
    with pytest.raises(ValueError, match="sums to nothing"):
        Resampling(np.arange(3)).mean(np.ones(3), np.zeros(3, dtype=bool))
