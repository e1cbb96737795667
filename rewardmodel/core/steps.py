"""One optimizer step, and the plan of all of them."""

from collections.abc import Callable

import torch

from rewardmodel.core.batches import epoch_steps, forward_passes, pad, pair_batch
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data import TokenizedComparison, TrainingSet
from rewardmodel.core.hardware import computing_in
from rewardmodel.core.losses import pair_nats, smoothed
from rewardmodel.core.model import RewardNetwork

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


def build_optimizer(network: RewardNetwork, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW over what is trained: the head at its own rate, decay on matrices only."""
    head = {id(weight) for weight in network.head.parameters()}
    trained = [weight for weight in network.model.parameters() if weight.requires_grad]
    backbone = [weight for weight in trained if id(weight) not in head]
    groups = (
        ([weight for weight in backbone if weight.dim() >= 2], config.learning_rate, config.weight_decay),
        ([weight for weight in backbone if weight.dim() < 2], config.learning_rate, 0.0),
        ([weight for weight in trained if id(weight) in head], config.head_learning_rate, 0.0),
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
    config: TrainConfig,
    tokens_per_batch: int,
    stop_if_asked: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """One optimizer step over whole comparisons: K responses cost K texts, every pair of them counts.

    The gradient is that of the weighted mean over all pairs of the step, however the step is cut into forward passes.
    `stop_if_asked` may raise before each of them; the weights are then still those of the step before.

    Returns: loss in nats, accuracy, margin, mean reward, and the gradient's length before clipping.
    """
    step_weight = sum(pair.weight for comparison in comparisons for pair in comparison.pairs)
    loss = correct = lead = reward = torch.zeros((), device=network.device)
    texts = pairs = 0
    pad_token_id = int(network.model.config.pad_token_id)
    for group in forward_passes(comparisons, tokens=tokens_per_batch):
        stop_if_asked()
        batch = pad([text for comparison in group for text in comparison.texts], pad_token_id=pad_token_id)
        pair = pair_batch(group).to(network.device)
        with computing_in(config.precision, network.device):
            rewards = network.rewards(batch.to(network.device))
        better, worse = rewards[pair.better], rewards[pair.worse]
        target = smoothed(pair.target, config.label_smoothing)
        nats = pair_nats(better, worse, margin=pair.margin, target=target)
        part = (nats * pair.weight).sum() / step_weight
        part.backward()
        difference = (better - worse).detach()
        loss = loss + part.detach()
        correct = correct + (difference > 0).sum()
        lead = lead + difference.sum()
        reward = reward + rewards.detach().sum()
        texts += len(rewards)
        pairs += len(difference)
    trained = [weight for group in optimizer.param_groups for weight in group["params"]]
    norm = torch.nn.utils.clip_grad_norm_(trained, config.max_grad_norm)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    values = torch.stack([loss, correct / pairs, lead / pairs, reward / texts, norm]).tolist()
    return dict(zip(("loss", "accuracy", "margin", "mean_reward", "grad_norm"), values, strict=True))
