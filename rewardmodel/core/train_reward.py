"""Train a reward model: `python -m rewardmodel.core.train_reward RUN_DIR`.

config.json holds a TrainConfig; the model ends in RUN_DIR/model, its figures in result.json. A config file may be named
instead of a run directory (see `config_file`). With `processes` above 1 this process starts the others; started by
`accelerate launch` or `torchrun` it joins them.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from preferences.pairs import PairRules
from preferences.snapshot import read_manifest, read_snapshot
from preferences.splits import Split
from rewardmodel.core.checkpoint import MEMBERS, ModelCard, load_model
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.ensemble import WEIGHTS
from rewardmodel.core.data.training_data import manifest_of, read_split
from rewardmodel.core.data.training_set import TrainingSet
from rewardmodel.core.ensembles.heads import with_heads
from rewardmodel.core.ensembles.members import MemberDirectory, MemberResult, train_members
from rewardmodel.core.evaluation.choosing import choosing_figures
from rewardmodel.core.evaluation.evaluating import evaluate_rows, found_anything
from rewardmodel.core.evaluation.floors import LearnedFrom
from rewardmodel.core.evaluation.outcomes_file import FILE
from rewardmodel.core.hardware import choose_device
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer
from rewardmodel.core.training.finishing import finish_members, finish_network
from rewardmodel.core.training.fitting import Fitting, digest_of
from rewardmodel.core.training.launching import processes_wanted, run_together
from rewardmodel.core.training.objective import Objective
from rewardmodel.core.training.parallel import Processes, joined

LEARNED_FROM: tuple[Split, Split] = ("train", "validation")


def train(directory: RunDirectory) -> dict[str, Any]:
    """Learn from the train split, keep the weights that are best on validation, and report on the test split."""
    config = TrainConfig.from_dict(directory.read_config())
    torch.set_num_threads(config.torch_threads)
    torch.manual_seed(config.seed)
    device = choose_device(config.device)
    with joined(device) as processes:
        training = Training(directory, config, device, processes)
        trained = training.one_network() if config.members == 1 else training.members()
    if trained is None:
        return {}
    card, data, place = trained.card, trained.data, training.place
    return {
        **_report(directory, place, config, training.rules, device),
        "model": config.name or str(place),
        "model_directory": str(place),
        "digest": trained.digest,
        "snapshot_sha256": card.snapshot_sha256,
        "temperature": card.temperature,
        "tie_parameter": card.tie_parameter,
        "reward_mean": card.reward_mean,
        "reward_std": card.reward_std,
        "combine": card.combine,
        "uncertainty_mean": card.uncertainty_mean,
        "comparisons_per_second": _per_second(data["train"], trained.tokens, trained.seconds),
        "tokens_per_second": trained.tokens / trained.seconds if trained.seconds else None,
        "data": {split: part.summary() for split, part in data.items()},
        "training_seconds": round(trained.seconds, 2),
        "tokens": trained.tokens,
        **trained.figures,
    }


@dataclass(frozen=True)
class Trained:
    """A saved model and how it came about.

    Args:
        digest, card: of the model.
        data: what it learned from, "train" and "validation".
        tokens, seconds: that training took, over all members.
        figures: what else the report says.
    """

    digest: str
    card: ModelCard
    data: Mapping[str, TrainingSet]
    tokens: int
    seconds: float
    figures: Mapping[str, Any]


class Training:
    """What all networks of one run share: settings, data, processes, and where the model will lie.

    Raises: InvalidConfig if the loss cannot learn from what the snapshot's rules derive.
    """

    def __init__(self, directory: RunDirectory, config: TrainConfig, device: str, processes: Processes) -> None:
        self.directory, self.config, self.device, self.processes = directory, config, device, processes
        self.place = directory.path / "model"
        processes.let_one_look(lambda: manifest_of(config))  # it hashes the whole file
        self.manifest = read_manifest(config.snapshot)
        self.rules = PairRules.from_dict(config.pair_rules if config.pair_rules is not None else self.manifest.rules)
        config.require_rules(self.rules)
        self.data: dict[str, TrainingSet] = {}

    def one_network(self) -> Trained | None:
        """Train and save a network. None in a process that only helped."""
        fitting = self._fit(self.directory, self.config, head_seed=self.config.seed)
        saved = self._save(fitting, self.config, self.place)
        if saved is None:
            return None
        position = fitting.position
        figures = {
            "best_step": position.best_step,
            "best_is_averaged": position.best_is_averaged,
            "stopped_early": fitting.has_stopped_early,
            "steps": position.step,
            **fitting.way(),
        }
        return Trained(*saved, fitting.data, position.tokens, position.seconds, figures)

    def members(self) -> Trained | None:
        """Train networks one after the other and save what they are together. None in a process that only helped."""
        config = self.config
        results = train_members(
            self.directory,
            config,
            config_digest=digest_of(config, self.manifest.content_sha256),
            train=self._train_member,
        )
        if not self.processes.is_main:
            return None
        places = [self.directory.path / MEMBERS / str(index) / "model" for index in range(config.members)]
        plain = MemberResult.plain(results)
        first = load_model(places[0])
        read = self._read(first.network)
        objective = Objective(config, read["train"].comparisons)
        data = {split: objective.heard(part) for split, part in read.items()}
        card = replace(first.card, name=config.name, training=_told(config, self.rules))
        digest, card = finish_members(places, card, data, self.place, config=config, plain=plain, device=self.device)
        figures = {
            "best_step": results[plain].best_step,
            "stopped_early": any(result.stopped_early for result in results),
            "steps": sum(result.steps for result in results),
            "members": [{"best_loss": result.best_loss, "steps": result.steps} for result in results],
            "plain_member": None if config.combine == WEIGHTS else plain,
        }
        tokens, seconds = (sum(getattr(result, name) for result in results) for name in ("tokens", "seconds"))
        return Trained(digest, card, data, tokens, seconds, figures)

    def _train_member(self, member: MemberDirectory, config: TrainConfig) -> MemberResult:
        """Members that are to be averaged begin with one head: weights far apart have no useful mean."""
        head_seed = self.config.seed if self.config.combine == WEIGHTS else config.seed
        fitting = self._fit(member, config, head_seed=head_seed)
        saved = self._save(fitting, config, member.path / "model")
        position = fitting.position
        return MemberResult(
            config_digest=digest_of(self.config, self.manifest.content_sha256),
            digest="" if saved is None else saved[0],
            steps=position.step,
            tokens=position.tokens,
            seconds=position.seconds,
            best_loss=position.best_loss,
            best_step=position.best_step,
            stopped_early=fitting.has_stopped_early,
        )

    def _fit(self, place: RunDirectory, config: TrainConfig, *, head_seed: int) -> Fitting:
        """Train a network whose first head (or heads) this seed draws."""
        network = load_backbone(
            config.backbone,
            max_length_tokens=config.max_length_tokens,
            seed=head_seed,
            dropout=config.dropout,
            device=self.device if config.quantization == "none" else "cpu",
        )
        if config.heads > 1:
            network = with_heads(network, config.heads, seed=head_seed)
        content_sha256 = self.manifest.content_sha256
        data = self._read(network)
        fitting = Fitting(place, config, network, data, content_sha256=content_sha256, processes=self.processes)
        fitting.run()
        return fitting

    def _save(self, fitting: Fitting, config: TrainConfig, place: Path) -> tuple[str, ModelCard] | None:
        """The digest and card of the saved model. None in a process that only helps."""
        network = fitting.finished_network()
        if not self.processes.is_main:
            return None
        network.model.to(torch.device(self.device))  # type: ignore[arg-type]
        card = ModelCard(
            name=config.name,
            reads_at=network.reads_at,
            template=network.template.kind,
            max_length_tokens=config.max_length_tokens,
            snapshot_sha256=self.manifest.content_sha256,
            training=_told(config, self.rules),
        )
        tie_parameter = fitting.objective.tie_parameter()
        return finish_network(network, card, fitting.data, place, config=config, tie_parameter=tie_parameter)

    def _read(self, network: RewardNetwork) -> dict[str, TrainingSet]:
        """The splits that are learned from, read once for all networks: they share one template."""
        for split in LEARNED_FROM:
            if split not in self.data:
                self.data[split] = read_split(
                    self.directory,
                    self.config,
                    split,
                    manifest=self.manifest,
                    rules=self.rules,
                    template=network.template,
                    targets={"pairs", self.config.learns_from},
                )
        return self.data


def _report(
    directory: RunDirectory, model_directory: Path, config: TrainConfig, rules: PairRules, device: str
) -> dict[str, Any]:
    """Figures on the test split, or on validation where nothing was kept for testing, by the saved model itself.

    `validation` holds those by which this model is chosen among others.
    """
    scorer = RewardScorer.load(model_directory, device=device)
    held_out = read_snapshot(config.snapshot, split="validation", kind="comparison")
    choosing = {"validation": choosing_figures(directory.interruptible(held_out), scorer, rules=rules)}
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
        if found_anything(report):
            return {**report, "split": split, **choosing}
    return {"split": None, "accuracy": None, "accuracy_low": None, "accuracy_high": None, "pairs": 0, **choosing}


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


def _per_second(data: TrainingSet, tokens: int, seconds: float) -> float | None:
    return len(data.comparisons) * tokens / data.tokens / seconds if seconds else None


def main() -> int:
    """Train in this process, or in as many as the config asks for. Returns: the exit code."""
    if len(sys.argv) == 2 and (count := processes_wanted(sys.argv[1])) > 1:
        return run_together("rewardmodel.core.train_reward", sys.argv[1], count=count)
    return run_child(train)


if __name__ == "__main__":
    sys.exit(main())
