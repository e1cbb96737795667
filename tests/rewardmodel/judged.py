"""Plain functions that build tokenized comparisons of which only what was said matters, and fit rewards to them."""

from collections.abc import Iterable, Sequence

import torch

from preferences.orders import Order
from preferences.pairs import Pair
from preferences.ratings import Rating
from rewardmodel.core.config.objective import ObjectiveSettings
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.training_set import TokenizedComparison, TrainingSet
from rewardmodel.core.training.objective import Objective


def comparison(
    k: int, *, pairs: Iterable[Pair] = (), orders: Iterable[Order] = (), ratings: Iterable[Rating] = ()
) -> TokenizedComparison:
    """K responses of one token each, and what was said of them."""
    text = EncodedText((1,), None, False)
    return TokenizedComparison("c", "p", (text,) * k, tuple(pairs), tuple(orders), tuple(ratings))


def pair(better: int, worse: int, *, weight: float = 1.0, margin: float = 0.0, target: float = 1.0) -> Pair:
    return Pair(better, worse, margin, weight, target)


def tie(one: int, other: int, *, weight: float = 1.0) -> Pair:
    return Pair(one, other, 0.0, weight, 0.5)


def order(*groups: tuple[int, ...], below: tuple[int, ...] = (), weight: float = 1.0) -> Order:
    return Order(groups, weight, below)


def training_set(*comparisons: TokenizedComparison) -> TrainingSet:
    return TrainingSet(comparisons, len(comparisons))


def cost(loss: str, rewards: Sequence[float], said: TokenizedComparison, **settings: object) -> float:
    """What one comparison costs by a loss with rewards in double precision."""
    objective = Objective(ObjectiveSettings.from_dict({"loss": loss, **settings}), [said])
    return objective.cost(torch.tensor(rewards, dtype=torch.float64), [said]).item()


def fit(objective: Objective, said: TokenizedComparison) -> torch.Tensor:
    """The rewards of mean 0 that cost least, shape (K,), float64; the objective's own parameters move with them."""
    objective = objective.double()
    rewards = torch.zeros(len(said.texts), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [rewards, *objective.parameters()],
        max_iter=500,
        tolerance_grad=1e-11,
        tolerance_change=1e-15,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = objective.cost(rewards, [said]) / objective.weight([said])
        value.backward()
        return value

    optimizer.step(closure)
    return (rewards - rewards.mean()).detach()
