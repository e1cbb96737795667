"""One optimizer step, and the plan of all of them."""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from rewardmodel.core.attribute_heads import read_attributes
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data.batches import epoch_steps
from rewardmodel.core.data.training_set import TokenizedComparison, TrainingSet
from rewardmodel.core.ensembles.heads import cost_of_heads
from rewardmodel.core.hardware import computing_in, sent
from rewardmodel.core.losses.outcomes import TIE
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.routes.route import Route
from rewardmodel.core.training.objective import Objective, pair_batch
from rewardmodel.core.training.parallel import ALONE, TROUBLES, Processes
from rewardmodel.core.training.sharding import gradient_norm, is_sharded, shorten_gradients

TOKENS_OF_SMALL_DATA = 200_000
MOST_EPOCHS = 3


def plan(data: TrainingSet, config: TrainConfig) -> list[list[tuple[int, ...]]]:
    """The steps of every epoch; the last ones are dropped where `max_training_tokens` would be passed.

    Where the config names no number of epochs there is one, or up to three while they stay below 200,000 tokens.
    """
    epochs_wanted = config.epochs or min(MOST_EPOCHS, max(1, TOKENS_OF_SMALL_DATA // max(1, data.tokens)))
    lengths, tokens = data.lengths.tolist(), data.tokens_of_each.tolist()
    limit = config.max_training_tokens or float("inf")
    spent = 0
    epochs: list[list[tuple[int, ...]]] = []
    for epoch in range(epochs_wanted):
        steps: list[tuple[int, ...]] = []
        for step in epoch_steps(
            lengths, comparisons_per_step=config.comparisons_per_step, seed=config.seed, epoch=epoch
        ):
            spent += sum(tokens[index] for index in step)
            if spent > limit and (steps or epochs):
                break
            steps.append(step)
        if steps:
            epochs.append(steps)
        if spent > limit:
            break
    return epochs


def take_step(
    network: RewardNetwork,
    optimizer: torch.optim.Optimizer,
    comparisons: Sequence[TokenizedComparison],
    *,
    objective: Objective,
    route: Route,
    config: TrainConfig,
    tokens_per_batch: int,
    processes: Processes = ALONE,
    stop_if_asked: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """One optimizer step over whole comparisons: K responses cost K texts, and all that was said of them counts.

    The gradient is that of the weighted mean over the step, however the step is cut into forward passes and divided
    over processes. `stop_if_asked` may raise before each pass; the weights are then still those of the step before.

    Returns: loss (in the objective's unit), accuracy, margin, mean reward, and the gradient's length before clipping.
    Raises: Stopped, torch.OutOfMemoryError, in all processes if in one; nothing has changed then.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    step_weight = objective.weight(comparisons)
    tally = RewardTally(network.device)
    with _all_or_nothing(network, optimizer, processes):
        for passed, part in _passes(comparisons, route, tokens_per_batch, processes, network):
            stop_if_asked()
            with computing_in(config.precision, network.device):
                features = route.features(network, passed)
            rewards, attributes = network.read(features), read_attributes(network, features)
            cost = cost_of_heads(objective, rewards, passed, seed=config.seed, attributes=attributes)
            cost = cost / step_weight * part
            cost.backward()
            if part:
                tally.add(rewards.detach().mean(dim=1), passed, cost.detach())
    try:
        processes.add_gradients(weights)
        norm = gradient_norm(weights)
        shorten_gradients(weights, norm=norm, longest=config.max_grad_norm)
        optimizer.step()
    finally:  # the first step takes memory for the moments; where there is none, it is taken again
        optimizer.zero_grad(set_to_none=True)
    return tally.figures(processes, grad_norm=norm)


def _passes(
    comparisons: Sequence[TokenizedComparison],
    route: Route,
    tokens_per_batch: int,
    processes: Processes,
    network: RewardNetwork,
) -> Iterator[tuple[Sequence[TokenizedComparison], float]]:
    """This process's forward passes with the factor of their cost, 1.

    Where the backbone is divided each pass needs all processes, so that those with fewer passes add some of factor 0.
    """
    share = processes.share(comparisons)
    passes = route.passes(share, tokens=tokens_per_batch) if share else []
    most = int(processes.most([len(passes)])[0]) if is_sharded(network.model) else len(passes)
    yield from ((passed, 1.0) for passed in passes)
    shortest = [min(comparisons, key=lambda comparison: comparison.tokens)]
    yield from ((shortest, 0.0) for _ in range(most - len(passes)))


@contextlib.contextmanager
def _all_or_nothing(network: RewardNetwork, optimizer: torch.optim.Optimizer, processes: Processes) -> Iterator[None]:
    """What stops one process's passes stops the step of all, and leaves no gradient.

    Where the backbone is divided the others wait within a pass and cannot be told: the whole run ends.
    """
    trouble: BaseException | None = None
    try:
        yield
    except TROUBLES as caught:
        if is_sharded(network.model):
            raise
        trouble = caught
    try:
        processes.share_trouble(trouble)
    except TROUBLES:
        optimizer.zero_grad(set_to_none=True)
        raise


class RewardTally:
    """Sums over the rewards of a step, on the device until they are asked for."""

    def __init__(self, device: torch.device) -> None:
        self.sums = torch.zeros(4, device=device)
        self.texts = self.pairs = 0

    def add(self, rewards: Tensor, comparisons: Sequence[TokenizedComparison], cost: Tensor) -> None:
        """Take in the rewards of these comparisons, shape (B,), and their part of the step's loss, shape ()."""
        pair = pair_batch(comparisons)
        decided = pair.target != TIE
        better, worse = (sent(places[decided], rewards.device) for places in (pair.better, pair.worse))
        lead = rewards[better] - rewards[worse]
        self.sums += torch.stack([cost, (lead > 0).sum(), lead.sum(), rewards.sum()])
        self.texts += len(rewards)
        self.pairs += len(lead)

    def figures(self, processes: Processes, **others: Tensor) -> dict[str, float]:
        """Loss, share of decided pairs in the right order, their mean lead, mean reward, and others; NaN where no pair
        is decided. One read from the device."""
        counts = sent(torch.tensor([self.pairs, self.texts], dtype=self.sums.dtype), self.sums.device)
        loss, correct, lead, reward, pairs, texts = processes.total(torch.cat([self.sums, counts]))
        figures = {
            "loss": loss,
            **others,
            "accuracy": correct / pairs,
            "margin": lead / pairs,
            "mean_reward": reward / texts.clamp(min=1),
        }
        return dict(zip(figures, torch.stack(list(figures.values())).tolist(), strict=True))
