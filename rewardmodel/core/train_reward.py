"""Train a reward model: `python -m rewardmodel.core.train_reward RUN_DIR`.

config.json holds a TrainConfig; the model ends in RUN_DIR/model, its figures in result.json. A config file may be named
instead of a run directory (see `config_file`). With `processes` above 1 this process starts the others; started by
`accelerate launch` or `torchrun` it joins them.
"""

import sys
from pathlib import Path
from typing import Any

import torch

from preferences.pairs import PairRules
from preferences.snapshot import read_manifest, read_snapshot
from preferences.splits import Split
from rewardmodel.core.checkpoint import ModelCard, save_model
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data import TrainingSet
from rewardmodel.core.evaluation import LearnedFrom, evaluate_rows
from rewardmodel.core.evaluation_outcomes import FILE
from rewardmodel.core.fitting import Fitting
from rewardmodel.core.hardware import choose_device
from rewardmodel.core.launching import processes_wanted, run_together
from rewardmodel.core.metrics import fit_temperature
from rewardmodel.core.model import load_backbone
from rewardmodel.core.parallel import joined
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer
from rewardmodel.core.training_data import read_split
from rewardmodel.core.training_state import Position
from rewardmodel.core.validation import reward_statistics, validate

LEARNED_FROM: tuple[Split, Split] = ("train", "validation")


def train(directory: RunDirectory) -> dict[str, Any]:
    """Learn from the train split, keep the weights that are best on validation, and report on the test split."""
    config = TrainConfig.from_dict(directory.read_config())
    torch.set_num_threads(config.torch_threads)
    torch.manual_seed(config.seed)
    device = choose_device(config.device)
    manifest = read_manifest(config.snapshot)
    rules = PairRules.from_dict(config.pair_rules if config.pair_rules is not None else manifest.rules)
    config.require_rules(rules)

    with joined(device) as processes:
        network = load_backbone(
            config.backbone,
            max_length_tokens=config.max_length_tokens,
            seed=config.seed,
            dropout=config.dropout,
            device=device if config.quantization == "none" else "cpu",
        )
        data: dict[str, TrainingSet] = {
            split: read_split(
                directory,
                config,
                split,
                manifest=manifest,
                rules=rules,
                template=network.template,
                targets={"pairs", config.learns_from},
            )
            for split in LEARNED_FROM
        }
        fitting = Fitting(directory, config, network, data, content_sha256=manifest.content_sha256, processes=processes)
        fitting.run()
        network = fitting.finished_network()
    if not processes.is_main:
        return {}
    network.model.to(torch.device(device))  # type: ignore[arg-type]
    data, position = fitting.data, fitting.position
    reference = data["validation"] if data["validation"].comparisons else data["train"]
    mean, std = reward_statistics(network, reference)
    checked = validate(network, data["validation"], fitting.objective)
    card = ModelCard(
        name=config.name,
        reads_at=network.reads_at,
        template=network.template.kind,
        max_length_tokens=config.max_length_tokens,
        reward_mean=mean,
        reward_std=std,
        tie_parameter=fitting.objective.tie_parameter(),
        temperature=fit_temperature(checked.leads.double().numpy()) if checked else 1.0,
        snapshot_sha256=manifest.content_sha256,
        training=_told(config, rules),
    )
    model_directory = directory.path / "model"
    digest = save_model(network, card, model_directory)
    return {
        **_report(directory, model_directory, config, rules, device),
        "model": config.name or str(model_directory),
        "model_directory": str(model_directory),
        "digest": digest,
        "snapshot_sha256": card.snapshot_sha256,
        "temperature": card.temperature,
        "reward_mean": mean,
        "reward_std": std,
        "best_step": position.best_step,
        "stopped_early": fitting.has_stopped_early,
        "steps": position.step,
        "tokens": position.tokens,
        "training_seconds": round(position.seconds, 2),
        "comparisons_per_second": _per_second(data["train"], position),
        "tokens_per_second": position.tokens / position.seconds if position.seconds else None,
        "data": {split: part.summary() for split, part in data.items()},
        **fitting.way(),
    }


def _report(
    directory: RunDirectory, model_directory: Path, config: TrainConfig, rules: PairRules, device: str
) -> dict[str, Any]:
    """Figures on the test split, or on validation where nothing was kept for testing, by the saved model itself."""
    scorer = RewardScorer.load(model_directory, device=device)
    for split in ("test", "validation"):
        rows = read_snapshot(config.snapshot, split=split, kind="comparison")
        train_rows = read_snapshot(config.snapshot, split="train", kind="comparison")
        report = evaluate_rows(
            directory.interruptible(rows),
            scorer,
            rules=rules,
            seed=config.seed,
            learned_from=LearnedFrom(train_rows, is_the_models=True),
            outcomes=directory.path / FILE,
        )
        if report["pairs"]:
            return {**report, "split": split}
    return {"split": None, "accuracy": None, "accuracy_low": None, "accuracy_high": None, "pairs": 0}


def _told(config: TrainConfig, rules: PairRules) -> dict[str, Any]:
    """The settings as a checkpoint tells them, without folders of this machine or how much each annotator counts."""
    weights = config.annotator_weights
    return {
        **config.to_dict(),
        "snapshot": Path(config.snapshot).name,
        "pair_rules": rules.to_dict(),
        "token_cache": None,
        "annotator_weights": None if weights is None else f"of {len(weights)} annotators",
    }


def _per_second(data: TrainingSet, position: Position) -> float | None:
    return len(data.comparisons) * position.tokens / data.tokens / position.seconds if position.seconds else None


def main() -> int:
    """Train in this process, or in as many as the config asks for. Returns: the exit code."""
    if len(sys.argv) == 2 and (count := processes_wanted(sys.argv[1])) > 1:
        return run_together("rewardmodel.core.train_reward", sys.argv[1], count=count)
    return run_child(train)


if __name__ == "__main__":
    sys.exit(main())
