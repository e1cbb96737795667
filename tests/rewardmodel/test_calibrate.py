"""Temperature and tie parameter: planted ones are found, few pairs move them little, and nothing at all leaves them."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from rewardmodel.core.calibrate import PRIOR_SPREAD, Calibration, calibrate, mean_calibration, tie_probabilities
from rewardmodel.core.evaluation.calibration import expected_calibration_error
from rewardmodel.core.losses.davidson import davidson_log_probabilities
from rewardmodel.core.losses.rao_kupper import rao_kupper_log_probabilities
from rewardmodel.core.metrics import log_loss

CLOSE = np.geomspace(0.3, 3, 400).tolist()
MODELS = {"davidson": davidson_log_probabilities, "rao-kupper": rao_kupper_log_probabilities}


def leads_of(pairs: int, *, temperature: float, seed: int = 0) -> torch.Tensor:
    """Leads of chosen responses, by a model whose rewards are `temperature` times too far apart."""
    draw = torch.Generator().manual_seed(seed)
    true = 1.5 * torch.randn(pairs, generator=draw)
    is_chosen = torch.rand(pairs, generator=draw) < torch.sigmoid(true)
    return temperature * torch.where(is_chosen, true, -true)


def judged_with_ties(
    loss: str, pairs: int, *, temperature: float, tie: float, seed: int = 3
) -> tuple[torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    true = 1.5 * torch.randn(pairs, generator=draw)
    endings = torch.multinomial(MODELS[loss](true, torch.tensor(tie).log()).exp(), 1, generator=draw)[:, 0]
    return temperature * torch.where(endings == 1, -true, true), torch.where(endings == 2, 0.5, 1.0)


@pytest.mark.parametrize("planted", [0.4, 1.0, 2.5])
def test_a_planted_temperature_is_found(planted: float) -> None:
    lead = leads_of(6000, temperature=planted)
    found = calibrate(lead, torch.ones_like(lead))
    assert found.temperature == pytest.approx(planted, rel=0.08)
    assert found.pairs == 6000
    assert found.tie_parameter is None


def test_a_planted_tie_parameter_is_found_along_with_the_temperature() -> None:
    lead, target = judged_with_ties("davidson", 8000, temperature=1.7, tie=2.0)
    found = calibrate(lead, target, loss="davidson", tie_parameter=1.3)
    assert found.temperature == pytest.approx(1.7, rel=0.08)
    assert found.tie_parameter == pytest.approx(2.0, rel=0.08)


@pytest.mark.parametrize("loss", ["davidson", "rao-kupper"])
@pytest.mark.parametrize("tie", [1.5, 3.0])
def test_where_ties_have_a_model_decided_pairs_come_true_as_claimed(loss: str, tie: float) -> None:
    lead, target = judged_with_ties(loss, 20_000, temperature=1.7, tie=tie)
    found = calibrate(lead, target, loss=loss, tie_parameter=2.0)
    decided = lead[target == 1].double().numpy()
    claimed = {"temperature": found.temperature}
    assert expected_calibration_error(decided, **claimed) < 0.02
    assert log_loss(decided, **claimed) == pytest.approx(min(log_loss(decided, temperature=t) for t in CLOSE), abs=1e-4)


@pytest.mark.parametrize("loss", ["davidson", "rao-kupper"])
@pytest.mark.parametrize("tie", [1.3, 2.0, 4.0])
def test_ties_are_foretold_as_often_as_they_were_seen_and_where(loss: str, tie: float) -> None:
    """On other pairs than those it was fitted on, of all and of each tenth of them by lead."""
    found = calibrate(*judged_with_ties(loss, 20_000, temperature=1.7, tie=tie), loss=loss, tie_parameter=2.0)
    lead, target = judged_with_ties(loss, 200_000, temperature=1.7, tie=tie, seed=4)
    foretold = tie_probabilities(lead, found, loss=loss)
    seen = (target == 0.5).to(foretold)
    error = math.sqrt(seen.mean() * (1 - seen.mean()) * (1 / 20_000 + 1 / 200_000))
    assert foretold.mean().item() == pytest.approx(seen.mean().item(), abs=3 * error)
    for tenth in lead.abs().argsort().chunk(10):
        assert foretold[tenth].mean().item() == pytest.approx(seen[tenth].mean().item(), abs=0.03)


@pytest.mark.parametrize("loss", ["davidson", "rao-kupper"])
def test_without_a_prior_exactly_as_many_ties_are_foretold_as_were_seen_whoever_judged(loss: str) -> None:
    for judged_by in MODELS:
        lead, target = judged_with_ties(judged_by, 3000, temperature=0.6, tie=2.5)
        found = calibrate(lead, target, loss=loss, tie_parameter=1.2, prior_spread=math.inf)
        assert tie_probabilities(lead, found, loss=loss).sum().item() == pytest.approx((target == 0.5).sum().item())


@pytest.mark.parametrize("loss", ["davidson", "rao-kupper"])
def test_ties_do_not_move_the_temperature_of_decided_pairs(loss: str) -> None:
    lead, target = judged_with_ties(loss, 2000, temperature=1.7, tie=2.0)
    decided = target == 1
    found = calibrate(lead, target, loss=loss, tie_parameter=1.5)
    alone = calibrate(lead[decided], target[decided], loss=loss, tie_parameter=1.5)
    assert found.temperature == alone.temperature
    free = calibrate(lead, target, loss=loss, tie_parameter=1.5, prior_spread=math.inf).temperature
    assert free == pytest.approx(calibrate(lead, target, prior_spread=math.inf).temperature, rel=1e-5)


@pytest.mark.parametrize(("loss", "bias"), [("davidson", 0.0), ("rao-kupper", 0.02)])
def test_planted_tie_parameters_lie_in_their_intervals(loss: str, bias: float) -> None:
    """Over 40 worlds the mean of log(parameter) is the planted one: under Rao & Kupper nearly, as decisions of all
    leads are one temperature's only nearly."""
    for planted in (1.5, 3.0):
        worlds = (judged_with_ties(loss, 1500, temperature=1.7, tie=planted, seed=seed) for seed in range(40))
        found = [calibrate(*world, loss=loss, tie_parameter=2.0, prior_spread=math.inf) for world in worlds]
        logs = np.log([each.tie_parameter for each in found])
        assert abs(logs.mean() - math.log(planted)) < 3 * logs.std() / math.sqrt(40) + bias


def test_davidsons_parameter_is_the_most_probable_one_at_its_temperature() -> None:
    lead, target = judged_with_ties("davidson", 120, temperature=1.7, tie=2.0)
    found = calibrate(lead, target, loss="davidson", tie_parameter=1.3)
    apart = (lead / found.temperature).double().numpy()

    def surprise(log_nu: np.ndarray) -> float:
        total = np.logaddexp(np.logaddexp(apart / 2, -apart / 2), log_nu)
        chosen = np.where(target == 0.5, log_nu, apart / 2)
        return float((total - chosen).sum() + (log_nu[0] - math.log(1.3)) ** 2 / (2 * PRIOR_SPREAD**2))

    expected = math.exp(minimize(surprise, [0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x[0])
    assert found.tie_parameter == pytest.approx(expected, rel=1e-5)


def test_before_any_pair_is_seen_decisions_are_as_sure_as_the_trained_model_has_them() -> None:
    found = calibrate(torch.zeros(0), torch.zeros(0), loss="rao-kupper", tie_parameter=3.0)
    assert found == Calibration(pytest.approx(2 / 3), 3.0, 0)
    lead = torch.linspace(-0.1, 0.1, 5)
    win, lose, tie = rao_kupper_log_probabilities(lead, torch.tensor(3.0).log()).T
    assert torch.allclose(win - lose, lead / found.temperature, atol=1e-3)
    assert torch.allclose(tie_probabilities(lead, found, loss="rao-kupper"), tie.exp())


@pytest.mark.parametrize(("loss", "none"), [("davidson", 0.0), ("rao-kupper", 1.0)])
def test_a_tie_parameter_that_came_down_to_no_tie_at_all_stays_there(loss: str, none: float) -> None:
    lead = leads_of(500, temperature=1.0)
    found = calibrate(lead, torch.ones_like(lead), loss=loss, tie_parameter=none)
    assert found.tie_parameter == pytest.approx(none, abs=1e-5)


def test_an_independent_optimizer_finds_the_same() -> None:
    lead = leads_of(80, temperature=2.0).double().numpy()

    def surprise(moved: np.ndarray) -> float:
        return float(np.logaddexp(0, -lead / np.exp(moved[0])).sum() + moved[0] ** 2 / (2 * PRIOR_SPREAD**2))

    expected = math.exp(minimize(surprise, [0.0], method="Nelder-Mead", options={"xatol": 1e-8}).x[0])
    assert calibrate(torch.from_numpy(lead), torch.ones(80)).temperature == pytest.approx(expected, rel=1e-5)


def test_a_few_pairs_move_the_temperature_less_than_many() -> None:
    lead = leads_of(5000, temperature=3.0)
    found = [calibrate(lead[:count], torch.ones(count)).temperature for count in (0, 8, 5000)]
    assert found[0] == 1
    assert 1 < found[1] < found[2]


def test_without_a_prior_the_temperature_scales_with_the_leads() -> None:
    lead = leads_of(300, temperature=1.0)
    one, three = (calibrate(lead * by, torch.ones(300), prior_spread=math.inf).temperature for by in (1, 3))
    assert three == pytest.approx(3 * one, rel=1e-4)


def test_it_stays_finite_when_every_pair_is_right_or_none_is() -> None:
    for lead in (torch.full((100,), 3.0), torch.full((100,), -3.0)):
        assert 0.05 <= calibrate(lead, torch.ones(100)).temperature <= 20


def test_pairs_the_other_way_round_say_the_same() -> None:
    lead = leads_of(200, temperature=2.0)
    target = torch.full((200,), 0.8)
    assert calibrate(-lead, 1 - target).temperature == pytest.approx(calibrate(lead, target).temperature, rel=1e-6)


def test_ties_say_nothing_to_a_model_without_them() -> None:
    lead, target = leads_of(60, temperature=2.0), torch.ones(60)
    with_ties = calibrate(torch.cat([lead, torch.zeros(40)]), torch.cat([target, torch.full((40,), 0.5)]))
    assert with_ties == calibrate(lead, target)
    assert calibrate(torch.zeros(5), torch.full((5,), 0.5)) == Calibration(1.0, None, 0)


def test_without_pairs_the_tie_parameter_stays_as_trained() -> None:
    assert calibrate(torch.zeros(0), torch.zeros(0), loss="davidson", tie_parameter=1.7) == Calibration(1.0, 1.7, 0)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="must both have shape"):
        calibrate(torch.zeros(3), torch.zeros(2))
    with pytest.raises(ValueError, match="needs its tie parameter"):
        calibrate(torch.zeros(3), torch.ones(3), loss="davidson")
    with pytest.raises(ValueError, match="no model of ties"):
        tie_probabilities(torch.zeros(3), Calibration(), loss="bradley-terry")


def test_several_calibrations_meet_in_their_geometric_mean() -> None:
    mean = mean_calibration([Calibration(0.5, 2.0), Calibration(2.0, 8.0)])
    assert (mean.temperature, mean.tie_parameter) == pytest.approx((1.0, 4.0))
    assert mean_calibration([Calibration(4.0), Calibration(1.0, 3.0)]).tie_parameter is None
