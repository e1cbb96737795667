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
from rewardmodel.core.losses.davidson import davidson_log_probabilities
from rewardmodel.core.losses.outcomes import TIE, outcome_nats
from rewardmodel.core.losses.rao_kupper import rao_kupper_log_probabilities

TEMPERATURES = (0.05, 20.0)
PRIOR_SPREAD = 0.7
MOST_STEPS = 100
LEAST_THRESHOLD = 1e-6  # of ν and log θ: where training saw no tie, they come down to 0


@dataclass(frozen=True)
class Calibration:
    """How differences of rewards become probabilities.

    Args:
        temperature: divides a difference of rewards, in nats.
        tie_parameter: ν of Davidson or θ of Rao & Kupper at that temperature; None where ties have no model.
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
    """The most probable temperature (and tie parameter) of held-out pairs, given where training left them.

    Minimizes what the pairs cost plus (log T)² / 2s²: with s = 0.7, T lies between 1/4 and 4 with 95 % before any pair
    is seen. A tie parameter is fitted along, its logarithm (that of the threshold log θ for Rao & Kupper) under the
    same spread around the value that training found.

    sigmoid(lead / T) is to be the probability of the better one among decided pairs. Under Davidson it is the model's
    own. Under Rao & Kupper it is not: who is ahead by less than log θ mostly ties, so that decisions are surer than the
    sigmoid of the lead. There T is that of the decided pairs, and θ is fitted after it.

    Args:
        lead: reward of the better response less the worse one's, shape (P,), in nats. For a tie either way round.
        target: probability that the better response is preferred, shape (P,); 0.5 is a tie. A tie says something to a
            model of ties only.
        loss: what the rewards were trained by; "davidson" and "rao-kupper" have a model of ties.
        tie_parameter: ν or θ as training found it; needed for those two.
        prior_spread: s, the standard deviation of log T before any pair is seen; infinity for no prior.

    Returns: temperature 1 and the same tie parameter for no pairs.
    Raises: ValueError if the shapes differ, or ties have a model without parameter.
    Source: Guo et al. 2017, arXiv:1706.04599, sec. 4.2 (one temperature); the prior makes it the maximum a posteriori
        (Bishop 2006, sec. 3.3). Which spread: `python -m benchmarks calibration`.
    """
    if lead.dim() != 1 or target.shape != lead.shape:
        raise ValueError(f"lead {tuple(lead.shape)} and target {tuple(target.shape)} must both have shape (P,).")
    knows_ties = loss in WITH_TIES
    if knows_ties and tie_parameter is None:
        raise ValueError(f"loss {loss} needs its tie parameter.")
    heard = torch.ones_like(target, dtype=torch.bool) if knows_ties else target != TIE
    lead, target = lead[heard].double().cpu(), target[heard].double().cpu()
    if not len(lead):
        return Calibration(1.0, tie_parameter)
    start = _start(loss, tie_parameter) if tie_parameter is not None and knows_ties else None
    if start is None:
        moved = _most_probable(lambda by: _nats(lead / by[0].exp(), target, loss, None), 1, spread=prior_spread)
        return Calibration(_within(math.exp(moved[0])), None, len(lead))
    if loss == RAO_KUPPER:
        temperature = calibrate(lead, target, prior_spread=prior_spread).temperature
        apart = lead / temperature
        moved = _most_probable(lambda by: _nats(apart, target, loss, start + by[0]), 1, spread=prior_spread)
        return Calibration(temperature, _end(loss, start + moved[0]), len(lead))
    moved = _most_probable(lambda by: _nats(lead / by[0].exp(), target, loss, start + by[1]), 2, spread=prior_spread)
    return Calibration(_within(math.exp(moved[0])), _end(loss, start + moved[1]), len(lead))


def _most_probable(nats: Callable[[Tensor], Tensor], numbers: int, *, spread: float) -> list[float]:
    """The numbers that minimize the sum of `nats` under a prior N(0, spread²) on each."""
    moved = torch.zeros(numbers, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([moved], max_iter=MOST_STEPS, tolerance_grad=1e-9, line_search_fn="strong_wolfe")

    def surprise() -> Tensor:
        optimizer.zero_grad()
        total = nats(moved).sum() + moved.square().sum() / (2 * spread**2)
        total.backward()
        return total

    optimizer.step(surprise)
    return [float(number) for number in moved.tolist()]


def _within(temperature: float) -> float:
    low, high = TEMPERATURES
    return min(high, max(low, temperature))


def _nats(lead: Tensor, target: Tensor, loss: str, tie: Tensor | None) -> Tensor:
    """What each pair costs, shape (P,)."""
    if tie is None:
        return pair_nats(lead, torch.zeros_like(lead), target=target)
    if loss == DAVIDSON:
        return outcome_nats(davidson_log_probabilities(lead, tie), target)
    return outcome_nats(rao_kupper_log_probabilities(lead, tie.exp()), target)


def _start(loss: str, tie_parameter: float) -> float:
    """The number that is moved freely: log ν, or the logarithm of the threshold log θ; of nearly none where it is 0."""
    threshold = tie_parameter if loss == DAVIDSON else math.log(tie_parameter)
    return math.log(max(threshold, LEAST_THRESHOLD))


def _end(loss: str, number: float) -> float:
    return math.exp(number) if loss == DAVIDSON else math.exp(math.exp(number))


def mean_calibration(parts: Sequence[Calibration]) -> Calibration:
    """The geometric mean of several calibrations, for a model made of several where no held-out pairs are at hand."""
    ties = [part.tie_parameter for part in parts if part.tie_parameter is not None]
    return Calibration(
        temperature=math.exp(sum(math.log(part.temperature) for part in parts) / len(parts)),
        tie_parameter=math.exp(sum(map(math.log, ties)) / len(ties)) if len(ties) == len(parts) else None,
    )
