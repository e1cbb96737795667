"""The training loop, and everything it holds."""

import hashlib
import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rewardmodel.core.attribute_heads import with_attribute_heads
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data.training_set import TokenizedComparison, TrainingSet, require_pairs
from rewardmodel.core.ensembles.averaging import average_of
from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.hardware import TOKENS_PER_BATCH, choose_device, computing_in, peak_memory_bytes
from rewardmodel.core.model import ModelHead, RewardNetwork, as_network
from rewardmodel.core.routes.choose import choose_route
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.routes.route import Route
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.training.adapters import merge_adapters
from rewardmodel.core.training.frozen_features import with_known_features
from rewardmodel.core.training.log import TrainingLog
from rewardmodel.core.training.objective import Objective
from rewardmodel.core.training.optimizer import build_optimizer, set_learning_rate
from rewardmodel.core.training.parallel import ALONE, Processes
from rewardmodel.core.training.schedule import learning_rate_share
from rewardmodel.core.training.sharding import gathered_model, is_sharded, is_wanted, shard
from rewardmodel.core.training.state import (
    Position,
    load_averaged,
    load_state,
    restore_weights,
    trained_weights,
    training_tensors,
    write_state,
)
from rewardmodel.core.training.steps import plan, take_step
from rewardmodel.core.training.trainable import HEAD_ALONE, adapt, make_trainable, recompute_activations
from rewardmodel.core.training.validation import Validation, validate

TRAINED_PER_SAVED = 9
"""Seconds of training for each that saving takes: the states of a billion weights are 16 GB."""
OF_THE_ATTEMPT = {
    "snapshot", "name", "checkpoint_every_seconds", "torch_threads", "device", "tokens_per_batch", "processes",
    "sharding", "gradient_checkpointing", "compile", "token_cache", "route",
}  # fmt: skip


class Fitting:
    """One training of one network, resumed from the directory's newest checkpoint if there is one.

    Args:
        network: trained in place; where attributes have heads, read by these instead of its own.
        data: "train" and "validation"; what says nothing to the loss is left out of them.
        content_sha256: names the data, so that a checkpoint of other data is refused.
        processes: who trains it together; each has the same arguments.

    Attributes:
        trained: all that may be trained: the network's model and heads, and what the objective learns beside them.
        best_weights: those of `trained` at the lowest validation loss; None without validation.
        position: where training stands.

    Raises: InvalidConfig if the checkpoint belongs to other settings or data, or the model cannot be trained so.
    """

    def __init__(
        self,
        directory: RunDirectory,
        config: TrainConfig,
        network: RewardNetwork,
        data: Mapping[str, TrainingSet],
        *,
        content_sha256: str,
        processes: Processes = ALONE,
    ) -> None:
        self.directory, self.config, self.processes = directory, config, processes
        device = torch.device(choose_device(config.device))
        self.objective = Objective(config, data["train"].comparisons).to(device)
        self.data = {split: self.objective.heard(part) for split, part in data.items()}
        require_pairs(self.data["train"], split="train")
        if self.objective.attributes:
            network = with_attribute_heads(network, self.objective.attributes, seed=config.seed)
        make_trainable(network, config, device)
        self.network, self.route, self.tokens_per_batch = self._way_through(network)
        if config.gradient_checkpointing is True:
            recompute_activations(network)
        if config.compile:
            network.model.base_model.compile(dynamic=True)
        if is_wanted(config.sharding, processes):
            shard(network.model, processes)
        self.trained = nn.ModuleDict({"model": network.model, "heads": network.heads, "objective": self.objective})
        self.optimizer = build_optimizer(network, config, self.objective)
        self.parameters_trained = sum(part.numel() for part in self.trained.parameters() if part.requires_grad)
        self.epochs = plan(self.data["train"], config)
        self.total_steps = sum(len(steps) for steps in self.epochs)
        looks = config.validations
        self.validate_at = {round(self.total_steps * (look + 1) / looks) for look in range(looks)}
        self.position = Position(config_digest=digest_of(config, content_sha256))
        self.best_weights: dict[str, Tensor] | None = None
        self.average = average_of(config)
        self._resume()
        self.log = TrainingLog(directory, total_steps=self.total_steps, position=self.position, device=device)

    @property
    def is_finished(self) -> bool:
        return self.position.epoch >= len(self.epochs) or self.has_stopped_early

    @property
    def has_stopped_early(self) -> bool:
        """Validation has looked in vain for a lower loss as often as the config allows."""
        patience = self.config.early_stopping
        return patience is not None and self.position.looks_in_vain >= patience

    def run(self) -> None:
        """Take all steps that are left.

        Raises: Stopped after saving, when asked to; ExpectedFailure when the gradient stops being a number, or memory
            does not suffice.
        """
        self.network.model.train()
        position, saved_at, saving = self.position, time.monotonic(), 0.0
        while not self.is_finished:
            steps = self.epochs[position.epoch]
            self.take(steps[position.steps_in_epoch], steps_in_this_epoch=len(steps))
            if position.steps_in_epoch == len(steps):
                position.epoch, position.steps_in_epoch = position.epoch + 1, 0
            if position.step in self.validate_at:
                self.look_at_validation()
            every = self.config.checkpoint_every_seconds
            is_due = time.monotonic() - saved_at >= (max(every, TRAINED_PER_SAVED * saving) if every else 0.0)
            stop, save = self.processes.most([self.directory.should_stop, self.processes.is_main and is_due])
            if stop or save:
                started = time.monotonic()
                self.save()
                saved_at = time.monotonic()
                saving = saved_at - started
            if stop:
                raise Stopped
        self.save()
        self.log.finished()
        self.network.model.eval()

    def take(self, step: tuple[int, ...], *, steps_in_this_epoch: int) -> None:
        """One optimizer step. Stopped in its middle, it is given up and done again from its beginning later.

        What is drawn at random in a step (dropout) is drawn from the seed, the step and the process alone.
        """
        position, started = self.position, time.monotonic()
        share = learning_rate_share(
            position.step,
            self.total_steps,
            warmup_fraction=self.config.warmup_fraction,
            schedule=self.config.schedule,
        )
        set_learning_rate(self.optimizer, share)
        comparisons = [self.data["train"].comparisons[index] for index in step]
        try:
            figures = self._take_within_memory(comparisons)
        except Stopped:
            self.save()
            raise
        position.step += 1
        position.steps_in_epoch += 1
        if self.average is not None:
            self.average.after_step(self.trained, position.step)
        position.tokens += sum(comparison.tokens for comparison in comparisons)
        position.seconds += time.monotonic() - started
        epoch = position.epoch + position.steps_in_epoch / steps_in_this_epoch
        self.log.training({**figures, "learning_rate": self.config.learning_rate * share, "epoch": epoch})

    def look_at_validation(self) -> None:
        """Score the validation split, by the weights and by their average; keep the better ones if none were before."""
        checked = self.validated()
        if checked is None:
            return
        self.log.validation(checked)
        best_before = self.position.best_loss
        self._keep_if_best(checked, is_averaged=False)
        average = None if self.average is None else self.average.at_validation(self.trained)
        if average is not None:
            weights = trained_weights(self.trained)
            restore_weights(self.trained, average)
            if (of_average := self.validated()) is not None:
                self.log.validation(of_average, split="averaged weights")
                self._keep_if_best(of_average, is_averaged=True)
            restore_weights(self.trained, weights)
        is_better = self.position.best_loss != best_before
        self.position.looks_in_vain = 0 if is_better else self.position.looks_in_vain + 1

    def _keep_if_best(self, checked: Validation, *, is_averaged: bool) -> None:
        """Copy the weights as they stand if no validation loss was as low."""
        position = self.position
        if position.best_loss is None or checked.loss < position.best_loss:
            position.best_loss, position.best_step, position.best_is_averaged = checked.loss, position.step, is_averaged
            self.best_weights = trained_weights(self.trained)

    def validated(self) -> Validation | None:
        """Loss and accuracy of the weights as they stand on the validation split."""
        return validate(
            self.network,
            self.data["validation"],
            self.objective,
            self.config.precision,
            processes=self.processes,
        )

    def save(self) -> None:
        """Write a checkpoint; the two newest are kept."""
        is_main = self.processes.is_main
        tensors = training_tensors(
            self.trained,
            self.optimizer,
            best=self.best_weights,
            averaged=() if self.average is None else self.average.parts,
            keep=is_main,
        )
        if is_main:
            with self.directory.new_checkpoint(self.position.step) as folder:
                write_state(folder, tensors, position=self.position)
            self.directory.keep_newest_checkpoints(2)
        self.processes.wait_for_all()

    def finished_network(self) -> RewardNetwork:
        """The network with the weights to be kept, the best on validation or else the last: plain, in float32.

        Adapters are merged, four bits are dequantized, divided weights are gathered. Fitting ends with it.
        """
        if self.best_weights is not None:
            restore_weights(self.trained, self.best_weights)
        network = RewardNetwork(**{field.name: getattr(self.network, field.name) for field in fields(RewardNetwork)})
        if is_sharded(network.model):
            adapted = partial(adapt, config=self.config)
            model = gathered_model(network.model, adapted, keep=self.processes.is_main)
            plain = as_network(model, network.template)
            network = plain if isinstance(network.heads, ModelHead) else replace(plain, heads=network.heads)
        merge_adapters(network.model)
        network.model.activation_checkpointing_disable()
        network.model.eval()
        return network

    def way(self) -> dict[str, Any]:
        """How it was computed, for the run's report."""
        return {
            "route": self.route.name,
            "route_reason": self.route.reason,
            "processes": self.processes.count,
            "sharded": is_sharded(self.network.model),
            "gradient_checkpointing": self.config.gradient_checkpointing is True or self.position.recomputes,
            "parameters_trained": self.parameters_trained,
            "peak_memory_bytes": peak_memory_bytes(self.network.device),
        }

    def _way_through(self, network: RewardNetwork) -> tuple[RewardNetwork, Route, int]:
        """How texts go through the backbone, and how many tokens at once; a frozen backbone reads each text once."""
        tokens = self.config.tokens_per_batch or TOKENS_PER_BATCH[network.device.type]
        if self.config.frozen_layers != HEAD_ALONE:
            with computing_in(self.config.precision, network.device):
                route = choose_route(network, wanted=self.config.route, comparisons=self.data["train"].comparisons)
            return network, route, tokens
        known = with_known_features(
            network,
            (text for part in self.data.values() for comparison in part.comparisons for text in comparison.texts),
            precision=self.config.precision,
            tokens_per_batch=tokens,
            processes=self.processes,
            directory=self.directory,
        )
        return known, PaddedRoute(reason="the backbone is frozen, and each text was encoded once"), sys.maxsize

    def _resume(self) -> None:
        """Go on from the newest checkpoint, if there is one."""
        digest = self.position.config_digest
        state = self.directory.resumed(
            lambda checkpoint: (
                *load_state(checkpoint, model=self.trained, optimizer=self.optimizer, config_digest=digest),
                load_averaged(checkpoint, model=self.trained),
            )
        )
        if state is not None:
            self.position, self.best_weights, averaged = state
            if self.average is not None:
                self.average.parts = averaged
            if self.position.recomputes:
                self._save_memory()
        self.processes.wait_for_all()  # nobody writes a checkpoint while another still looks for the newest

    def _take_within_memory(self, comparisons: Sequence[TokenizedComparison]) -> dict[str, float]:
        """Take the step; where the GPU's memory runs out for the first time, again in a way that needs less."""
        try:
            return self._take(comparisons)
        except torch.OutOfMemoryError as error:
            if self.config.gradient_checkpointing is False or self.position.recomputes:
                raise ExpectedFailure(
                    f"The GPU's memory does not suffice at step {self.position.step}: {error} Lower tokens_per_batch "
                    f"(now {self.tokens_per_batch}) or max_length_tokens, or set gradient_checkpointing to true."
                ) from None
        self._save_memory()
        sys.stderr.write(
            f"Step {self.position.step}: the GPU's memory ran out. From here on activations are computed twice, and a "
            f"pass takes {self.tokens_per_batch} tokens.\n"
        )
        return self._take(comparisons)

    def _take(self, comparisons: Sequence[TokenizedComparison]) -> dict[str, float]:
        torch.manual_seed(seed_of_step(self.config.seed, self.position.step, self.processes.rank))
        return take_step(
            self.network,
            self.optimizer,
            comparisons,
            objective=self.objective,
            route=self.route,
            config=self.config,
            tokens_per_batch=self.tokens_per_batch,
            processes=self.processes,
            stop_if_asked=self.directory.stop_if_asked,
        )

    def _save_memory(self) -> None:
        """Compute activations twice and halve what goes through the backbone at once, for the rest of the run."""
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        recompute_activations(self.network)
        self.tokens_per_batch = max(1, self.tokens_per_batch // 2)
        self.position.recomputes = True


def digest_of(config: TrainConfig, content_sha256: str) -> str:
    """Names what a checkpoint belongs to. Where the run computes and how often it saves may change between attempts."""
    values = {name: value for name, value in config.to_dict().items() if name not in OF_THE_ATTEMPT}
    return hashlib.sha256(json.dumps([values, content_sha256], sort_keys=True).encode()).hexdigest()


def seed_of_step(seed: int, step: int, rank: int) -> int:
    """Where the random numbers of one process's share of one step begin: 64 bits, equal for equal arguments."""
    return int.from_bytes(hashlib.blake2b(f"{seed}/{step}/{rank}".encode(), digest_size=8).digest())
