"""From differences of rewards to probabilities: a temperature, and how often people see no difference.

Fitted on the validation split, which is small: a few hundred pairs or fewer. A temperature that is merely most likely
then follows their noise, so a prior holds it near what training left, and gives way as pairs come in.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from rewardmodel.core.config.objective import BRADLEY_TERRY, DAVIDSON, RAO_KUPPER, WITH_TIES
from rewardmodel.core.losses.bradley_terry import pair_nats
from rewardmodel.core.losses.davidson import davidson_log_probabilities, log_nu_of_tie_share
from rewardmodel.core.losses.outcomes import TIE
from rewardmodel.core.losses.rao_kupper import (
    log_theta_of_tie_share,
    rao_kupper_log_probabilities,
    sureness_of_decisions,
)

TEMPERATURES = (0.05, 20.0)
PRIOR_SPREAD = 0.7
MOST_STEPS = 100
TIE_LOG_ODDS = (-15.0, 15.0)  # between equals: where training saw no tie, they come down to nearly none
HALVINGS = 60
LOG_OF_TIE_SHARE = {DAVIDSON: log_nu_of_tie_share, RAO_KUPPER: log_theta_of_tie_share}


@dataclass(frozen=True)
class Calibration:
    """How differences of rewards become probabilities.

    Args:
        temperature: divides a difference of rewards, in nats.
        tie_parameter: ν of Davidson or θ of Rao & Kupper (see `tie_probabilities`); None where ties have no model.
        pairs: how many held-out pairs both were fitted on; 0 where they are what training left.
    """

    temperature: float = 1.0
    tie_parameter: float | None = None
    pairs: int = 0


def calibrate(
    lead: Tensor,
    target: Tensor,
    *,
    loss: str = BRADLEY_TERRY,
    tie_parameter: float | None = None,
    prior_spread: float = PRIOR_SPREAD,
) -> Calibration:
    """The most probable temperature of held-out pairs, and how often they tie, given where training left both.

    sigmoid(lead / T) is to be the probability of the better one among decided pairs, so that T is fitted to these
    alone: it minimizes what they cost plus (log T/T₀)² / 2s². With s = 0.7, T lies between T₀/4 and 4T₀ with 95 %
    before any pair is seen. T₀ is 1, under Rao & Kupper (1 + θ)/2θ: who leads by little mostly ties there, so that
    decisions are surer than the sigmoid of the lead.

    The tie parameter is fitted after it, by the share of ties: those foretold are to be as many as were seen, less
    (x - x₀) / s², where x is the log-odds of a tie between equals. Under Davidson that is the most probable log ν.

    Args:
        lead: reward of the better response less the worse one's, shape (P,), in nats. For a tie either way round.
        target: probability that the better response is preferred, shape (P,); 0.5 is a tie. A tie says something to a
            model of ties only.
        loss: what the rewards were trained by; "davidson" and "rao-kupper" have a model of ties.
        tie_parameter: ν or θ as training found it; needed for those two.
        prior_spread: s, the standard deviation of log T and x before any pair is seen; infinity for no prior.

    Returns: T₀ and the same tie parameter for no pairs.
    Raises: ValueError if the shapes differ, or ties have a model without parameter.
    Source: Guo et al. 2017, arXiv:1706.04599, sec. 4.2 (one temperature); the prior makes it the maximum a posteriori
        (Bishop 2006, sec. 3.3). Which spread: `python -m benchmarks calibration`.
    """
    if lead.dim() != 1 or target.shape != lead.shape:
        raise ValueError(f"lead {tuple(lead.shape)} and target {tuple(target.shape)} must both have shape (P,).")
    lead, target = lead.double().cpu(), target.double().cpu()
    is_tie = target == TIE
    decided, said = lead[~is_tie], target[~is_tie]
    if loss not in WITH_TIES:
        return Calibration(_temperature(decided, said, prior_spread), None, len(decided))
    if tie_parameter is None:
        raise ValueError(f"loss {loss} needs its tie parameter.")
    sureness = _sureness(loss, tie_parameter)
    temperature = _temperature(decided * sureness, said, prior_spread) / sureness
    if not len(lead):
        return Calibration(temperature, tie_parameter)

    def ties(log_odds: float) -> Calibration:
        between_equals = 1 / (1 + math.exp(-log_odds))
        return Calibration(temperature, math.exp(LOG_OF_TIE_SHARE[loss](between_equals)), len(lead))

    def are_too_few(log_odds: float) -> bool:
        foretold = tie_probabilities(lead, ties(log_odds), loss=loss).sum()
        return bool(is_tie.sum() - foretold > (log_odds - start) / prior_spread**2)

    between_equals = tie_probabilities(torch.zeros(1).double(), Calibration(tie_parameter=tie_parameter), loss=loss)
    start = float(between_equals.logit().clamp(*TIE_LOG_ODDS))
    return ties(_last(are_too_few, *TIE_LOG_ODDS))


def tie_probabilities(lead: Tensor, calibration: Calibration, *, loss: str) -> Tensor:
    """How likely people see no difference, shape (P,).

    Rao & Kupper's model has a temperature of its own, the calibrated one times 2θ/(1 + θ): there its decisions are as
    sure as the calibrated ones where two rewards are equal.

    Args:
        lead: shape (P,), in nats.
        loss: "davidson" or "rao-kupper"; the calibration has a tie parameter.
    """
    parameter = calibration.tie_parameter
    if parameter is None or loss not in WITH_TIES:
        raise ValueError(f"loss {loss} with tie parameter {parameter} has no model of ties.")
    model = davidson_log_probabilities if loss == DAVIDSON else rao_kupper_log_probabilities
    apart = lead / (calibration.temperature * _sureness(loss, parameter))
    return model(apart, torch.tensor(parameter, dtype=lead.dtype).log()).exp()[:, 2]


def _temperature(lead: Tensor, target: Tensor, spread: float) -> float:
    """The most probable temperature, given that 1 is before any pair is seen."""
    moved = torch.zeros((), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([moved], max_iter=MOST_STEPS, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def surprise() -> Tensor:
        optimizer.zero_grad()
        nats = pair_nats(lead / moved.exp(), torch.zeros_like(lead), target=target)
        total = nats.sum() + moved.square() / (2 * spread**2)
        total.backward()
        return total

    optimizer.step(surprise)
    low, high = TEMPERATURES
    return min(high, max(low, math.exp(moved.item())))


def _sureness(loss: str, tie_parameter: float) -> float:
    return sureness_of_decisions(tie_parameter) if loss == RAO_KUPPER else 1.0


def _last(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where something that holds below and not above ceases to hold, by halving."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return (low + high) / 2


def mean_calibration(parts: Sequence[Calibration]) -> Calibration:
    """The geometric mean of several calibrations, for a model made of several where no held-out pairs are at hand."""
    ties = [part.tie_parameter for part in parts if part.tie_parameter is not None]
    return Calibration(
        temperature=math.exp(sum(math.log(part.temperature) for part in parts) / len(parts)),
        tie_parameter=math.exp(sum(map(math.log, ties)) / len(ties)) if len(ties) == len(parts) else None,
    )
