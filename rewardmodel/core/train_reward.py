"""Train a reward model: `python -m rewardmodel.core.train_reward RUN_DIR`.

config.json holds a TrainConfig; the model ends in RUN_DIR/model, its figures in result.json.
"""

import hashlib
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from preferences.pairs import PairRules
from preferences.snapshot import read_manifest, read_snapshot
from rewardmodel.core.checkpoint import ModelCard, save_model
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data import TrainingSet, require_pairs, tokenize
from rewardmodel.core.evaluation import evaluate_rows
from rewardmodel.core.hardware import TOKENS_PER_BATCH, choose_device
from rewardmodel.core.metrics import fit_temperature
from rewardmodel.core.model import RewardNetwork, freeze_lower_layers, load_backbone
from rewardmodel.core.run_directory import RunDirectory, Stopped, run_child
from rewardmodel.core.scorer import RewardScorer
from rewardmodel.core.steps import build_optimizer, learning_rate_share, plan, take_step
from rewardmodel.core.training_log import TrainingLog
from rewardmodel.core.training_state import Position, load_state, restore_weights, save_state, trained_weights
from rewardmodel.core.validation import reward_statistics, validate


def train(directory: RunDirectory) -> dict[str, Any]:
    """Learn from the train split, keep the weights that are best on validation, and report on the test split."""
    config = TrainConfig.from_dict(directory.read_config())
    torch.set_num_threads(config.torch_threads)
    torch.manual_seed(config.seed)
    device = choose_device(config.device)
    manifest = read_manifest(config.snapshot)
    rules = PairRules.from_dict(config.pair_rules if config.pair_rules is not None else manifest.rules)

    network = load_backbone(
        config.backbone,
        max_length_tokens=config.max_length_tokens,
        seed=config.seed,
        dropout=config.dropout,
        device=device,
    )
    data = {
        split: tokenize(
            read_snapshot(config.snapshot, split=split, kind="comparison"), rules=rules, template=network.template
        )
        for split in ("train", "validation")
    }
    require_pairs(data["train"], split="train")

    best_weights, position = fit(directory, config, network, data, manifest.content_sha256)
    if best_weights is not None:
        restore_weights(network.model, best_weights)

    reference = data["validation"] if data["validation"].comparisons else data["train"]
    mean, std = reward_statistics(network, reference)
    checked = validate(network, data["validation"])
    card = ModelCard(
        name=config.name,
        reads_at=network.reads_at,
        template=network.template.kind,
        max_length_tokens=config.max_length_tokens,
        reward_mean=mean,
        reward_std=std,
        temperature=fit_temperature(checked.leads.double().numpy()) if checked else 1.0,
        snapshot_sha256=manifest.content_sha256,
        training={**config.to_dict(), "snapshot": Path(config.snapshot).name, "pair_rules": rules.to_dict()},
    )
    model_directory = directory.path / "model"
    digest = save_model(network, card, model_directory)
    directory.stop_if_asked()
    return {
        **_report(model_directory, config, rules, device),
        "model": config.name or str(model_directory),
        "model_directory": str(model_directory),
        "digest": digest,
        "snapshot_sha256": card.snapshot_sha256,
        "temperature": card.temperature,
        "reward_mean": mean,
        "reward_std": std,
        "best_step": position.best_step,
        "steps": position.step,
        "tokens": position.tokens,
        "training_seconds": round(position.seconds, 2),
        "comparisons_per_second": _per_second(data["train"], position),
        "tokens_per_second": position.tokens / position.seconds if position.seconds else None,
        "data": {split: part.summary() for split, part in data.items()},
    }


def fit(
    directory: RunDirectory,
    config: TrainConfig,
    network: RewardNetwork,
    data: Mapping[str, TrainingSet],
    content_sha256: str,
) -> tuple[dict[str, Tensor] | None, Position]:
    """Train in place, from the newest checkpoint if there is one.

    Returns: the weights that had the lowest validation loss (None without validation), and where training ended.
    Raises: Stopped after saving, when asked to; ExpectedFailure when the gradient stops being a number.
    """
    comparisons = data["train"].comparisons
    tokens_per_batch = config.tokens_per_batch or TOKENS_PER_BATCH[network.device.type]
    freeze_lower_layers(network.model, config.frozen_layers)
    network.model.train()
    optimizer = build_optimizer(network, config)
    epochs = plan(data["train"], config)
    total_steps = sum(len(steps) for steps in epochs)
    validate_at = {round(total_steps * (index + 1) / config.validations) for index in range(config.validations)}

    position = Position(config_digest=_digest(config, content_sha256))
    best_weights: dict[str, Tensor] | None = None
    if checkpoint := directory.latest_checkpoint():
        position, best_weights = load_state(
            checkpoint, model=network.model, optimizer=optimizer, config_digest=position.config_digest
        )
    log = TrainingLog(directory, total_steps=total_steps, position=position)

    def save() -> None:
        with directory.new_checkpoint(position.step) as folder:
            save_state(folder, model=network.model, optimizer=optimizer, position=position, best_weights=best_weights)
        directory.keep_newest_checkpoints(2)

    saved_at = time.monotonic()
    while position.epoch < len(epochs):
        steps = epochs[position.epoch]
        for step in steps[position.steps_in_epoch :]:
            started = time.monotonic()
            share = learning_rate_share(position.step, total_steps, config.warmup_fraction)
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            chosen = [comparisons[index] for index in step]
            figures = take_step(network, optimizer, chosen, config, tokens_per_batch)
            position.step += 1
            position.steps_in_epoch += 1
            position.tokens += sum(comparison.tokens for comparison in chosen)
            position.seconds += time.monotonic() - started

            epoch = position.epoch + position.steps_in_epoch / len(steps)
            log.training({**figures, "learning_rate": config.learning_rate * share, "epoch": epoch})
            if position.step in validate_at and (checked := validate(network, data["validation"], config.precision)):
                log.validation(checked)
                if position.best_loss is None or checked.loss < position.best_loss:
                    position.best_loss, position.best_step = checked.loss, position.step
                    best_weights = trained_weights(network.model)
            if directory.should_stop:
                save()
                raise Stopped
            if time.monotonic() - saved_at >= config.checkpoint_every_seconds:
                save()
                saved_at = time.monotonic()
        position.epoch += 1
        position.steps_in_epoch = 0
    save()
    network.model.eval()
    return best_weights, position


def _report(model_directory: Path, config: TrainConfig, rules: PairRules, device: str) -> dict[str, Any]:
    """Figures on the test split, or on validation where nothing was kept for testing, by the saved model itself."""
    scorer = RewardScorer.load(model_directory, device=device)
    for split in ("test", "validation"):
        rows = read_snapshot(config.snapshot, split=split, kind="comparison")
        report = evaluate_rows(rows, scorer, rules=rules, seed=config.seed)
        if report["pairs"]:
            return {**report, "split": split}
    return {"split": None, "accuracy": None, "accuracy_low": None, "accuracy_high": None, "pairs": 0}


def _per_second(data: TrainingSet, position: Position) -> float | None:
    return len(data.comparisons) * position.tokens / data.tokens / position.seconds if position.seconds else None


def _digest(config: TrainConfig, content_sha256: str) -> str:
    """Names what a checkpoint belongs to; where the snapshot lies and how often to save do not matter."""
    values = {**config.to_dict(), "snapshot": content_sha256, "checkpoint_every_seconds": None, "name": None}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(run_child(train))
