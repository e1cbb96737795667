"""The training loop, and everything it holds."""

import hashlib
import json
import time
from collections.abc import Mapping

from torch import Tensor, nn

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data import TrainingSet, require_pairs
from rewardmodel.core.hardware import TOKENS_PER_BATCH
from rewardmodel.core.model import RewardNetwork, freeze_lower_layers
from rewardmodel.core.objective import Objective
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.steps import build_optimizer, learning_rate_share, plan, take_step
from rewardmodel.core.training_log import TrainingLog
from rewardmodel.core.training_state import (
    Position,
    load_state,
    random_state,
    restore_random_state,
    save_state,
    trained_weights,
)
from rewardmodel.core.validation import validate

OF_THE_ATTEMPT = {
    "snapshot", "name", "checkpoint_every_seconds", "torch_threads", "device", "tokens_per_batch", "token_cache",
}  # fmt: skip


class Fitting:
    """One training of one network, resumed from the directory's newest checkpoint if there is one.

    Args:
        network: trained in place.
        data: "train" and "validation"; what says nothing to the loss is left out of them.
        content_sha256: names the data, so that a checkpoint of other data is refused.

    Attributes:
        trained: all that is trained: the network's model, and what the objective learns beside it.
        best_weights: those of `trained` at the lowest validation loss; None without validation.
        position: where training stands.

    Raises: InvalidConfig if the checkpoint belongs to other settings or data.
    """

    def __init__(
        self,
        directory: RunDirectory,
        config: TrainConfig,
        network: RewardNetwork,
        data: Mapping[str, TrainingSet],
        *,
        content_sha256: str,
    ) -> None:
        self.directory, self.config, self.network = directory, config, network
        freeze_lower_layers(network.model, config.frozen_layers)
        self.objective = Objective(config, data["train"].comparisons).to(network.device)
        self.data = {split: self.objective.heard(part) for split, part in data.items()}
        require_pairs(self.data["train"], split="train")
        self.trained = nn.ModuleDict({"model": network.model, "objective": self.objective})
        self.route = PaddedRoute()
        self.optimizer = build_optimizer(network, config, self.objective)
        self.tokens_per_batch = config.tokens_per_batch or TOKENS_PER_BATCH[network.device.type]
        self.epochs = plan(self.data["train"], config)
        self.total_steps = sum(len(steps) for steps in self.epochs)
        looks = config.validations
        self.validate_at = {round(self.total_steps * (look + 1) / looks) for look in range(looks)}
        self.position = Position(config_digest=digest_of(config, content_sha256))
        self.best_weights: dict[str, Tensor] | None = None
        if checkpoint := directory.latest_checkpoint():
            self.position, self.best_weights = load_state(
                checkpoint,
                model=self.trained,
                optimizer=self.optimizer,
                config_digest=self.position.config_digest,
            )
        self.log = TrainingLog(directory, total_steps=self.total_steps, position=self.position)

    def run(self) -> None:
        """Take all steps that are left.

        Raises: Stopped after saving, when asked to; ExpectedFailure when the gradient stops being a number.
        """
        self.network.model.train()
        position, saved_at = self.position, time.monotonic()
        while position.epoch < len(self.epochs):
            steps = self.epochs[position.epoch]
            for step in steps[position.steps_in_epoch :]:
                self.take(step, steps_in_this_epoch=len(steps))
                if position.step in self.validate_at:
                    self.look_at_validation()
                if self.directory.should_stop:
                    self.save()
                    raise Stopped
                if time.monotonic() - saved_at >= self.config.checkpoint_every_seconds:
                    self.save()
                    saved_at = time.monotonic()
            position.epoch += 1
            position.steps_in_epoch = 0
        self.save()
        self.network.model.eval()

    def take(self, step: tuple[int, ...], *, steps_in_this_epoch: int) -> None:
        """One optimizer step. Stopped in its middle, it is given up and done again from its beginning later."""
        position, started, random_before = self.position, time.monotonic(), random_state()
        share = learning_rate_share(position.step, self.total_steps, self.config.warmup_fraction)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * share
        comparisons = [self.data["train"].comparisons[index] for index in step]
        try:
            figures = take_step(
                self.network,
                self.optimizer,
                comparisons,
                objective=self.objective,
                route=self.route,
                config=self.config,
                tokens_per_batch=self.tokens_per_batch,
                stop_if_asked=self.directory.stop_if_asked,
            )
        except Stopped:
            restore_random_state(random_before)
            self.save()
            raise
        position.step += 1
        position.steps_in_epoch += 1
        position.tokens += sum(comparison.tokens for comparison in comparisons)
        position.seconds += time.monotonic() - started
        epoch = position.epoch + position.steps_in_epoch / steps_in_this_epoch
        self.log.training({**figures, "learning_rate": self.config.learning_rate * share, "epoch": epoch})

    def look_at_validation(self) -> None:
        """Score the validation split; keep these weights if none were better."""
        checked = validate(self.network, self.data["validation"], self.objective, self.config.precision)
        if checked is None:
            return
        self.log.validation(checked)
        if self.position.best_loss is None or checked.loss < self.position.best_loss:
            self.position.best_loss, self.position.best_step = checked.loss, self.position.step
            self.best_weights = trained_weights(self.trained)

    def save(self) -> None:
        """Write a checkpoint; the two newest are kept."""
        with self.directory.new_checkpoint(self.position.step) as folder:
            save_state(
                folder,
                model=self.trained,
                optimizer=self.optimizer,
                position=self.position,
                best_weights=self.best_weights,
            )
        self.directory.keep_newest_checkpoints(2)


def digest_of(config: TrainConfig, content_sha256: str) -> str:
    """Names what a checkpoint belongs to. Where the run computes and how often it saves may change between attempts."""
    values = {name: value for name, value in config.to_dict().items() if name not in OF_THE_ATTEMPT}
    return hashlib.sha256(json.dumps([values, content_sha256], sort_keys=True).encode()).hexdigest()
