"""Davidson and Rao–Kupper against hand-computed values, limits and the latent variable that they come from."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import logistic

from rewardmodel.core.losses.bradley_terry import pair_nats
from rewardmodel.core.losses.davidson import davidson_log_probabilities, log_nu_of_tie_share
from rewardmodel.core.losses.outcomes import outcome_nats
from rewardmodel.core.losses.rao_kupper import log_theta_of_tie_share, rao_kupper_log_probabilities

MODELS = [davidson_log_probabilities, rao_kupper_log_probabilities]
LEADS = torch.linspace(-9, 9, 37, dtype=torch.float64)


def number(value: float, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.tensor(value, dtype=dtype)


def test_davidson_is_what_pencil_and_paper_say() -> None:
    # strengths 4 and 1, ν = 1: 4 : 1 : sqrt(4) = 2, of 7
    probabilities = davidson_log_probabilities(torch.log(torch.tensor([4.0])).double(), number(0)).exp()
    assert probabilities[0].tolist() == pytest.approx([4 / 7, 1 / 7, 2 / 7])


def test_rao_kupper_is_what_pencil_and_paper_say() -> None:
    # strengths 3 and 1, θ = 2: 3 / (3 + 2·1) = 0.6, 1 / (1 + 2·3) = 1/7, the rest is 9/35
    probabilities = rao_kupper_log_probabilities(torch.log(torch.tensor([3.0])).double(), number(math.log(2))).exp()
    assert probabilities[0].tolist() == pytest.approx([0.6, 1 / 7, 9 / 35])


def test_davidson_is_its_ratio_of_strengths() -> None:
    for lead, nu in ((-2.0, 0.3), (0.4, 1.7), (5.0, 12.0)):
        first, second = math.exp(lead + 0.7), math.exp(0.7)
        total = first + second + nu * math.sqrt(first * second)
        expected = [first / total, second / total, nu * math.sqrt(first * second) / total]
        found = davidson_log_probabilities(torch.tensor([lead]).double(), number(math.log(nu))).exp()
        assert found[0].tolist() == pytest.approx(expected, rel=1e-6)


def test_rao_kupper_is_logistic_noise_on_the_lead_that_stays_below_a_threshold() -> None:
    eta = 0.8
    found = rao_kupper_log_probabilities(LEADS, number(eta)).exp().numpy()
    lead = LEADS.numpy()
    assert np.allclose(found[:, 0], logistic.sf(eta, loc=lead), rtol=1e-10)
    assert np.allclose(found[:, 1], logistic.cdf(-eta, loc=lead), rtol=1e-10)
    assert np.allclose(found[:, 2], logistic.cdf(eta, loc=lead) - logistic.cdf(-eta, loc=lead), rtol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_the_three_endings_are_all_there_is(model) -> None:
    for parameter in (0.01, 0.5, 3.0):
        assert model(LEADS, number(parameter)).exp().sum(dim=1).tolist() == pytest.approx([1.0] * len(LEADS))


@pytest.mark.parametrize("model", MODELS)
def test_swapping_the_two_responses_swaps_their_probabilities(model) -> None:
    there, back = model(LEADS, number(0.6)), model(-LEADS, number(0.6))
    assert torch.allclose(there, back[:, [1, 0, 2]], rtol=1e-12)


@pytest.mark.parametrize(
    ("model", "never"), [(davidson_log_probabilities, -60.0), (rao_kupper_log_probabilities, 1e-14)]
)
def test_where_ties_never_happen_bradley_terry_is_left(model, never: float) -> None:
    wins = outcome_nats(model(LEADS, number(never)), torch.ones_like(LEADS))
    assert torch.allclose(wins, pair_nats(LEADS, torch.zeros_like(LEADS)), rtol=1e-9)


def test_among_verdicts_davidson_is_bradley_terry() -> None:
    log_probabilities = davidson_log_probabilities(LEADS, number(1.3))
    assert torch.allclose(log_probabilities[:, 0] - log_probabilities[:, 1], LEADS)


@pytest.mark.parametrize("share", [0.02, 1 / 3, 0.8])
def test_a_tie_parameter_starts_where_equal_rewards_tie_as_often_as_people_did(share: float) -> None:
    lead = torch.zeros(1).double()
    for model, start in zip(MODELS, (log_nu_of_tie_share, log_theta_of_tie_share), strict=True):
        assert model(lead, number(start(share)))[0, 2].exp().item() == pytest.approx(share)
    assert log_nu_of_tie_share(1 / 3) == pytest.approx(0)
    assert log_theta_of_tie_share(1 / 3) == pytest.approx(math.log(2))


@pytest.mark.parametrize("model", MODELS)
def test_equal_chances_cost_log_3(model) -> None:
    start = log_nu_of_tie_share if model is davidson_log_probabilities else log_theta_of_tie_share
    each = model(torch.zeros(3).double(), number(start(1 / 3)))
    costs = outcome_nats(each, torch.tensor([1.0, 0.0, 0.5], dtype=torch.float64))
    assert costs.tolist() == pytest.approx([math.log(3)] * 3)


def test_a_share_of_opposite_verdicts_costs_its_parts_and_is_no_tie() -> None:
    log_probabilities = davidson_log_probabilities(torch.full((3,), 0.7).double(), number(0.2))
    costs = outcome_nats(log_probabilities, torch.tensor([1.0, 0.0, 0.75], dtype=torch.float64)).tolist()
    assert costs[2] == pytest.approx(0.75 * costs[0] + 0.25 * costs[1])


@pytest.mark.parametrize("model", MODELS)
def test_the_gradient_is_the_finite_difference(model) -> None:
    lead = torch.tensor([-3.0, -0.2, 0.0, 1.1, 4.0], dtype=torch.float64, requires_grad=True)
    parameter = torch.tensor(0.4, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([1.0, 0.5, 0.5, 0.0, 0.8], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda d, p: outcome_nats(model(d, p), target), (lead, parameter))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("parameter", [1e-4, 1.0, 80.0])
def test_leads_of_160_nats_stay_finite_in_single_precision(model, parameter: float) -> None:
    lead = torch.tensor([-160.0, -80.0, 0.0, 80.0, 160.0], requires_grad=True)
    log_parameter = number(parameter, torch.float32).requires_grad_()
    for target in (1.0, 0.5, 0.0):
        nats = outcome_nats(model(lead, log_parameter), torch.full((5,), target))
        gradients = torch.autograd.grad(nats.sum(), (lead, log_parameter))
        assert all(values.isfinite().all() for values in (nats, *gradients))
        assert (nats > -1e-5).all()


def test_shapes_that_would_broadcast_are_refused() -> None:
    with pytest.raises(ValueError, match=r"not \(P,\) and \(\)"):
        davidson_log_probabilities(torch.zeros(3), torch.zeros(1))
    with pytest.raises(ValueError, match=r"not \(P,\) and \(\)"):
        rao_kupper_log_probabilities(torch.zeros(3, 1), torch.zeros(()))
    with pytest.raises(ValueError, match=r"\(P, 3\) and \(P,\) fit"):
        outcome_nats(torch.zeros(3, 3), torch.zeros(1))
