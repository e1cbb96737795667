"""Ratings, strengths and centering against hand-computed values."""

import math

import numpy as np
import pytest
import torch

from rewardmodel.core.losses.bradley_terry import pair_nats
from rewardmodel.core.losses.centering import squared_rewards
from rewardmodel.core.losses.regression import rating_scales, share_of_attributes, squared_errors
from rewardmodel.core.losses.scaled_bradley_terry import scaled_pair_nats


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_each_attribute_is_measured_in_its_own_standard_deviations() -> None:
    values = {"helpfulness": [0.0, 1, 2, 4, 4], "verbosity": [10.0, 30, 20]}
    scales = rating_scales({name: np.array(each) for name, each in values.items()})
    for name, each in values.items():
        standardized = [scales[name].standardized(value) for value in each]
        assert standardized == pytest.approx(list((np.array(each) - np.mean(each)) / np.std(each)))


def test_ratings_that_never_differ_say_nothing_and_divide_by_nothing() -> None:
    assert rating_scales({"tone": np.array([3.0, 3.0])})["tone"].standardized(3.0) == 0


def test_attributes_share_a_reward_by_their_absolute_weights() -> None:
    assert share_of_attributes({"helpfulness": 3, "verbosity": -1}) == {"helpfulness": 0.75, "verbosity": -0.25}


def test_a_rating_costs_the_square_of_its_distance() -> None:
    assert squared_errors(tensor(1, -0.5), tensor(1, 1)).tolist() == pytest.approx([0, 2.25])


def test_the_gradient_of_a_rating_is_the_finite_difference() -> None:
    rewards = torch.randn(5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r: squared_errors(r, tensor(1, 2, 3, -1, 0)), (rewards,))


def test_a_verdict_counts_as_often_as_its_strength_says_and_at_least_once() -> None:
    better, worse = torch.ones(4).double(), torch.zeros(4).double()
    costs = scaled_pair_nats(better, worse, strength=tensor(0, 1, 2, 3))
    assert costs.tolist() == pytest.approx([0.3132616875 * times for times in (1, 1, 2, 3)])


def test_strength_multiplies_the_gradient_and_moves_no_optimum() -> None:
    lead = torch.tensor([0.7], dtype=torch.float64, requires_grad=True)
    zero, target = torch.zeros(1).double(), tensor(0.8)
    (once,) = torch.autograd.grad(pair_nats(lead, zero, target=target), lead)
    (thrice,) = torch.autograd.grad(scaled_pair_nats(lead, zero, strength=tensor(3), target=target), lead)
    assert thrice.item() == pytest.approx(3 * once.item())
    best = torch.tensor([math.log(4)], dtype=torch.float64, requires_grad=True)  # odds of 0.8
    (flat,) = torch.autograd.grad(scaled_pair_nats(best, zero, strength=tensor(3), target=target), best)
    assert flat.item() == pytest.approx(0, abs=1e-12)


def test_the_squares_of_a_pair_hold_its_squared_sum_and_its_squared_lead() -> None:
    one, other = 1.7, -0.4
    mean = squared_rewards(tensor(one, other)).mean().item()
    assert 4 * mean == pytest.approx((one + other) ** 2 + (one - other) ** 2)


def test_shapes_that_would_broadcast_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not \(N,\)"):
        squared_errors(torch.zeros(3), torch.zeros(1))
    with pytest.raises(ValueError, match="strength has shape"):
        scaled_pair_nats(torch.zeros(3), torch.zeros(3), strength=torch.ones(1))
