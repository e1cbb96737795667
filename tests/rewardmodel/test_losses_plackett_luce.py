"""Plackett–Luce against every permutation written out, and against choix and the Cox likelihood of statsmodels."""

import itertools
import math
from collections.abc import Iterator, Sequence

import choix
import numpy as np
import pytest
import torch
from statsmodels.duration.hazard_regression import PHReg

from rewardmodel.core.losses.bradley_terry import pair_nats
from rewardmodel.core.losses.plackett_luce import plackett_luce_nats, stage_batch, stages_of

Groups = Sequence[Sequence[int]]


def ranking_nats(rewards: Sequence[float], groups: Groups, below: Sequence[int] = ()) -> float:
    """What one ranking costs by the loss."""
    batch = stage_batch(list(stages_of(groups, below)))
    values = torch.tensor(rewards, dtype=torch.float64)
    return (plackett_luce_nats(values, batch) * batch.weight).sum().item()


def probability(rewards: Sequence[float], first: Sequence[int]) -> float:
    """That `first` are chosen first, in this order: a product of shares of strength."""
    strengths = {index: math.exp(reward) for index, reward in enumerate(rewards)}
    product = 1.0
    for index in first:
        product *= strengths[index] / sum(strengths.values())
        del strengths[index]
    return product


def strict_orders(groups: Groups) -> Iterator[tuple[int, ...]]:
    """Every order in which ties may be broken."""
    for parts in itertools.product(*(itertools.permutations(group) for group in groups)):
        yield tuple(itertools.chain.from_iterable(parts))


def drawn(count: int, seed: int = 0, spread: float = 1.5) -> list[float]:
    return list(np.random.default_rng(seed).normal(size=count) * spread)


def test_three_responses_cost_what_pencil_and_paper_say() -> None:
    # strengths 1, 2, 3; ranking 2 > 0 > 1: 3/6 · 1/3 = 1/6
    assert ranking_nats([0, math.log(2), math.log(3)], [(2,), (0,), (1,)]) == pytest.approx(math.log(6))


@pytest.mark.parametrize("k", [2, 3, 5, 9])
def test_equal_rewards_cost_log_k_factorial(k: int) -> None:
    assert ranking_nats([0.4] * k, [(index,) for index in range(k)]) == pytest.approx(math.lgamma(k + 1), rel=1e-6)


def test_the_probabilities_of_all_rankings_sum_to_1() -> None:
    rewards = drawn(5)
    for named in (5, 3, 1):
        total = sum(
            math.exp(-ranking_nats(rewards, [(index,) for index in first], set(range(5)) - set(first)))
            for first in itertools.permutations(range(5), named)
        )
        assert total == pytest.approx(1)


def test_every_ranking_of_the_first_n_of_k_is_a_product_of_shares() -> None:
    rewards = drawn(6)
    for named in (1, 2, 4, 6):
        for first in itertools.islice(itertools.permutations(range(6), named), 0, None, 7):
            below = [index for index in range(6) if index not in first]
            expected = -math.log(probability(rewards, first))
            assert ranking_nats(rewards, [(index,) for index in first], below) == pytest.approx(expected, rel=1e-9)


def test_it_agrees_with_choix() -> None:
    rewards = np.array(drawn(7))
    ranking = (3, 0, 6, 2, 5, 1, 4)
    expected = -choix.log_likelihood_rankings([ranking], rewards)
    assert ranking_nats(list(rewards), [(index,) for index in ranking]) == pytest.approx(expected)


@pytest.mark.parametrize("groups", [[(0, 1)], [(2,), (0, 1), (3,)], [(4, 1, 2), (0, 3)], [(0, 1, 2, 3, 4)]])
@pytest.mark.parametrize("below", [(), (5, 6)])
def test_a_tie_costs_the_mean_over_the_orders_that_it_leaves_open(groups: Groups, below: tuple[int, ...]) -> None:
    said = {index for group in groups for index in group} | set(below)
    rewards = [reward if index in said else -math.inf for index, reward in enumerate(drawn(7, seed=3))]
    expected = np.mean([-math.log(probability(rewards, order)) for order in strict_orders(groups)])
    finite = [reward if math.isfinite(reward) else 0.0 for reward in rewards]
    assert ranking_nats(finite, groups, below) == pytest.approx(expected, rel=1e-6)


def test_two_responses_are_a_pair_of_bradley_and_terry() -> None:
    for lead in (-4.0, 0.0, 0.3, 7.0):
        one, other = torch.tensor([lead + 1], dtype=torch.float64), torch.tensor([1.0], dtype=torch.float64)
        assert ranking_nats([lead + 1, 1], [(0,), (1,)]) == pytest.approx(pair_nats(one, other).item())
        half = torch.tensor([0.5], dtype=torch.float64)
        tied = pair_nats(one, other, target=half).item()
        assert ranking_nats([lead + 1, 1], [(0, 1)]) == pytest.approx(tied)


@pytest.mark.parametrize(("groups", "below"), [([(0,), tuple(range(1, 9)), (9,)], ()), ([tuple(range(8))], (8, 9))])
def test_ties_of_more_than_six_are_taken_as_efron_takes_failures_at_one_time(
    groups: Groups, below: Sequence[int]
) -> None:
    rewards = np.array(drawn(10, seed=1))
    time, status = np.zeros(10), np.ones(10)
    for place, group in enumerate(groups):
        time[list(group)] = place + 1
    time[list(below)], status[list(below)] = len(groups) + 1, 0
    expected = -PHReg(time, rewards[:, None], status=status, ties="efron").loglike(np.array([1.0]))
    assert ranking_nats(list(rewards), groups, below) == pytest.approx(expected, rel=1e-6)


def test_ties_of_more_than_six_cost_at_least_the_mean_over_orders_and_the_same_where_rewards_are_equal() -> None:
    for seed in range(3):
        rewards = drawn(8, seed=seed, spread=0.7)
        exact = np.mean([-math.log(probability(rewards, order)) for order in itertools.permutations(range(7))])
        assert exact <= ranking_nats(rewards, [tuple(range(7))], (7,)) < exact + 0.5
    equal = [0.3] * 7 + [1.0]
    exact = -math.log(probability(equal, tuple(range(7))))
    assert ranking_nats(equal, [tuple(range(7))], (7,)) == pytest.approx(exact, rel=1e-6)


def test_a_tie_pulls_its_rewards_together_whatever_stands_below() -> None:
    for below in ((), (2, 3)):
        costs = [ranking_nats([lead / 2, -lead / 2, -1, -2], [(0, 1)], below) for lead in (-1, 0, 1)]
        assert costs[1] < costs[0] == pytest.approx(costs[2])


def test_what_is_not_named_pulls_no_order_among_itself() -> None:
    values = torch.tensor(drawn(4), dtype=torch.float64, requires_grad=True)
    batch = stage_batch(list(stages_of([(0,)], (1, 2, 3))))
    (gradient,) = torch.autograd.grad(plackett_luce_nats(values, batch).sum(), values)
    shares = torch.softmax(values.detach(), dim=0)
    assert torch.allclose(gradient[1:], shares[1:])
    assert gradient[0].item() == pytest.approx(shares[0].item() - 1)


def test_the_gradient_is_the_finite_difference() -> None:
    for groups, below in (([(2,), (0, 3), (1,)], (4,)), ([tuple(range(8))], (8,))):
        batch = stage_batch(list(stages_of(groups, below)))
        values = torch.tensor(drawn(9), dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(lambda r, batch=batch: plackett_luce_nats(r, batch), (values,))


def test_rewards_of_80_nats_stay_finite_in_single_precision() -> None:
    for groups in ([(0,), (1,), (2,), (3,)], [(3,), (2, 1), (0,)], [(0, 1, 2, 3)]):
        values = torch.tensor([-80.0, 80.0, 79.0, -80.0], requires_grad=True)
        batch = stage_batch(list(stages_of(groups)))
        nats = plackett_luce_nats(values, batch)
        (gradient,) = torch.autograd.grad(nats.sum(), values)
        assert nats.isfinite().all()
        assert gradient.isfinite().all()


def test_a_single_response_and_no_ranking_cost_nothing() -> None:
    assert ranking_nats([2.0], [(0,)]) == 0
    assert ranking_nats([2.0, 1.0], []) == 0


def test_rewards_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(B,\)"):
        plackett_luce_nats(torch.zeros(2, 1), stage_batch(list(stages_of([(0,), (1,)]))))
