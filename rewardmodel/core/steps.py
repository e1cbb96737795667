"""One optimizer step, and the plan of all of them."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from rewardmodel.core.batches import epoch_steps
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data import TokenizedComparison, TrainingSet
from rewardmodel.core.hardware import computing_in
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.objective import Objective, pair_batch
from rewardmodel.core.routes.padded import PaddedRoute

TOKENS_OF_SMALL_DATA = 200_000
MOST_EPOCHS = 3


def plan(data: TrainingSet, config: TrainConfig) -> list[list[tuple[int, ...]]]:
    """The steps of every epoch; the last ones are dropped where `max_training_tokens` would be passed.

    Where the config names no number of epochs there is one, or up to three while they stay below 200,000 tokens.
    """
    epochs_wanted = config.epochs or min(MOST_EPOCHS, max(1, TOKENS_OF_SMALL_DATA // max(1, data.tokens)))
    lengths = [comparison.longest for comparison in data.comparisons]
    tokens = [comparison.tokens for comparison in data.comparisons]
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


def learning_rate_share(step: int, total_steps: int, warmup_fraction: float) -> float:
    """Part of the peak learning rate at a step: up in a line during warm-up, then down in a line to 0 at the end."""
    warmup = max(1, round(total_steps * warmup_fraction))
    if step < warmup:
        return (step + 1) / warmup
    return (total_steps - step) / max(1, total_steps - warmup + 1)


def build_optimizer(network: RewardNetwork, config: TrainConfig, objective: Objective) -> torch.optim.AdamW:
    """AdamW over what is trained: head and tie parameter at their own rates, decay on matrices only."""
    head = {id(weight) for weight in network.head.parameters()}
    trained = [weight for weight in network.model.parameters() if weight.requires_grad]
    backbone = [weight for weight in trained if id(weight) not in head]
    groups = (
        ([weight for weight in backbone if weight.dim() >= 2], config.learning_rate, config.weight_decay),
        ([weight for weight in backbone if weight.dim() < 2], config.learning_rate, 0.0),
        ([weight for weight in trained if id(weight) in head], config.head_learning_rate, 0.0),
        (list(objective.parameters()), config.tie_learning_rate, 0.0),
    )
    return torch.optim.AdamW(
        [{"params": part, "lr": 0.0, "peak": peak, "weight_decay": decay} for part, peak, decay in groups if part],
        fused=True,
    )


def take_step(
    network: RewardNetwork,
    optimizer: torch.optim.Optimizer,
    comparisons: list[TokenizedComparison],
    *,
    objective: Objective,
    route: PaddedRoute,
    config: TrainConfig,
    tokens_per_batch: int,
    stop_if_asked: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """One optimizer step over whole comparisons: K responses cost K texts, and all that was said of them counts.

    The gradient is that of the weighted mean over the step, however the step is cut into forward passes.
    `stop_if_asked` may raise before each of them; the weights are then still those of the step before.

    Returns: loss in nats, accuracy, margin, mean reward, and the gradient's length before clipping.
    """
    step_weight = objective.weight(comparisons)
    tally = RewardTally(network.device)
    loss = torch.zeros((), device=network.device)
    for group in route.passes(comparisons, tokens=tokens_per_batch):
        stop_if_asked()
        with computing_in(config.precision, network.device):
            rewards = route.rewards(network, group)
        part = objective.cost(rewards, group) / step_weight
        part.backward()
        loss = loss + part.detach()
        tally.add(rewards.detach(), group)
    trained = [weight for group in optimizer.param_groups for weight in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(trained, config.max_grad_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return tally.figures(loss=loss, grad_norm=norm)


class RewardTally:
    """Sums over the rewards of a step, on the device until they are asked for."""

    def __init__(self, device: torch.device) -> None:
        self.correct = self.lead = self.reward = torch.zeros((), device=device)
        self.texts = self.pairs = 0

    def add(self, rewards: Tensor, comparisons: Sequence[TokenizedComparison]) -> None:
        """Take in the rewards of these comparisons, shape (B,)."""
        pair = pair_batch(comparisons).to(rewards.device)
        difference = rewards[pair.better] - rewards[pair.worse]
        self.correct = self.correct + (difference > 0).sum()
        self.lead = self.lead + difference.sum()
        self.reward = self.reward + rewards.sum()
        self.texts += len(rewards)
        self.pairs += len(difference)

    def figures(self, **others: Tensor) -> dict[str, float]:
        """Share of pairs in the right order, mean lead and mean reward, beside others; one read from the device."""
        pairs = max(1, self.pairs)
        figures = {
            **others,
            "accuracy": self.correct / pairs,
            "margin": self.lead / pairs,
            "mean_reward": self.reward / max(1, self.texts),
        }
        return dict(zip(figures, torch.stack(list(figures.values())).tolist(), strict=True))
