"""Bradley–Terry against hand-computed values, limits, invariances and finite differences."""

import itertools
import math

import pytest
import torch

from rewardmodel.core.losses.bradley_terry import bradley_terry_loss, pair_nats, smoothed


def tensor(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def test_equal_rewards_cost_log_2() -> None:
    assert bradley_terry_loss(tensor(1.5, -3), tensor(1.5, -3)).item() == pytest.approx(math.log(2))


def test_a_lead_of_one_nat_costs_what_pencil_and_paper_say() -> None:
    # -ln(1 / (1 + e^-1)) = ln(1 + e^-1) = 0.313262
    assert bradley_terry_loss(tensor(2), tensor(1)).item() == pytest.approx(0.3132616875)


def test_the_weighted_mean_is_by_weight() -> None:
    # leads 1 and -1 cost 0.313262 and 1.313262; weights 3 and 1 give 0.563262
    loss = bradley_terry_loss(tensor(1, 0), tensor(0, 1), weight=tensor(3, 1))
    assert loss.item() == pytest.approx(0.5632616875)


def test_a_margin_asks_for_that_much_more_lead() -> None:
    with_margin = bradley_terry_loss(tensor(3), tensor(0), margin=tensor(2))
    assert with_margin.item() == pytest.approx(bradley_terry_loss(tensor(1), tensor(0)).item())


def test_a_tie_costs_least_when_rewards_are_equal() -> None:
    half = tensor(0.5)
    costs = [pair_nats(tensor(lead), tensor(0), target=half).item() for lead in (-1, -0.1, 0, 0.1, 1)]
    assert min(costs) == costs[2] == pytest.approx(math.log(2))
    assert costs[0] == pytest.approx(costs[4])


def test_a_soft_target_costs_its_share_of_both_verdicts() -> None:
    soft = pair_nats(tensor(1), tensor(0), target=tensor(0.8)).item()
    assert soft == pytest.approx(0.8 * 0.3132616875 + 0.2 * 1.3132616875)


def test_smoothing_leaves_ties_and_pulls_verdicts_towards_them() -> None:
    assert smoothed(tensor(1, 0.5), 0.1).tolist() == pytest.approx([0.9, 0.5])


def test_a_smoothed_tie_is_one_half_to_the_bit() -> None:
    for thousandths in range(500):
        assert smoothed(torch.tensor([0.5]), thousandths / 1000).item() == 0.5


def test_adding_a_constant_to_all_rewards_changes_nothing() -> None:
    better, worse = torch.randn(50, dtype=torch.float64), torch.randn(50, dtype=torch.float64)
    assert bradley_terry_loss(better + 7, worse + 7).item() == pytest.approx(bradley_terry_loss(better, worse).item())


def test_the_gradient_is_the_finite_difference() -> None:
    better = torch.randn(5, dtype=torch.float64, requires_grad=True)
    worse = torch.randn(5, dtype=torch.float64, requires_grad=True)
    weight, margin, target = torch.rand(5).double() + 0.1, torch.rand(5).double(), torch.rand(5).double()
    assert torch.autograd.gradcheck(
        lambda b, w: bradley_terry_loss(b, w, margin=margin, target=target, weight=weight), (better, worse)
    )


def test_it_agrees_with_logistic_regression_of_torch() -> None:
    better, worse = torch.randn(20), torch.randn(20)
    other = torch.nn.functional.binary_cross_entropy_with_logits(better - worse, torch.ones(20))
    assert bradley_terry_loss(better, worse).item() == pytest.approx(other.item(), abs=1e-6)


def test_all_pairs_of_a_comparison_have_the_gradient_of_the_pairs_one_by_one() -> None:
    features, head = torch.randn(4, 8, dtype=torch.float64), torch.randn(8, dtype=torch.float64, requires_grad=True)
    pairs = list(itertools.combinations(range(4), 2))
    rewards = features @ head
    together = bradley_terry_loss(rewards[[a for a, _ in pairs]], rewards[[b for _, b in pairs]])
    (whole,) = torch.autograd.grad(together, head)
    single = torch.zeros_like(head)
    for a, b in pairs:
        loss = bradley_terry_loss((features[a] @ head)[None], (features[b] @ head)[None]) / len(pairs)
        single += torch.autograd.grad(loss, head)[0]
    assert torch.allclose(whole, single, rtol=1e-12)


def test_extreme_leads_stay_finite() -> None:
    assert bradley_terry_loss(tensor(-1e4), tensor(1e4)).item() == pytest.approx(2e4)


def test_shapes_that_would_broadcast_are_refused() -> None:
    with pytest.raises(ValueError, match="worse has shape"):
        bradley_terry_loss(torch.zeros(3), torch.zeros(1))
    with pytest.raises(ValueError, match="weight has shape"):
        bradley_terry_loss(torch.zeros(3), torch.zeros(3), weight=torch.ones(1))
    with pytest.raises(ValueError, match="must have shape"):
        bradley_terry_loss(torch.zeros(3, 1), torch.zeros(3, 1))
