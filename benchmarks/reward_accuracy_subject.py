"""`python -m benchmarks.reward_accuracy_subject JOB`: train one reward model and evaluate it on a test file's rows.

JOB is {"trainer","config","train","test","judged","folder"}: "plumbline" or "trl"; a TrainConfig; three snapshots, of
which the first's train split is learned from and all of the others is evaluated, the third only if it is named; a
folder for what is left behind. The last line printed is the evaluation, with "seconds", "steps" and "precision" of
training, where it is ours "best_step" and "validation_log_loss" too, and that of the third as "judged".
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch

from benchmarks.children import run_child
from preferences.pairs import PairRules, derive_pairs
from preferences.rows import SnapshotRow
from preferences.snapshot import read_manifest, read_snapshot
from rewardmodel.core.checkpoint import ModelCard, save_model
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.evaluation.evaluating import evaluate_rows
from rewardmodel.core.evaluation.floors import LearnedFrom
from rewardmodel.core.hardware import dtype_of
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.scorer import RewardScorer

KEPT = (
    "accuracy", "accuracy_low", "accuracy_high", "pairs", "prompts", "log_loss", "ece", "people", "floors", "earned",
)  # fmt: skip


def run(job: dict[str, Any]) -> dict[str, Any]:
    torch.set_num_threads(1)
    folder = Path(job["folder"])
    train = train_with_trl if job["trainer"] == "trl" else train_with_plumbline
    model, told = train(job, folder)
    scorer = RewardScorer.load(model)

    def evaluated(snapshot: str) -> dict[str, Any]:
        learned_from = LearnedFrom(read_snapshot(job["train"], split="train"), is_the_models=True)
        report = evaluate_rows(read_snapshot(snapshot), scorer, rules=PairRules(), learned_from=learned_from)
        return {name: report[name] for name in KEPT}

    judged = {"judged": evaluated(job["judged"])} if job["judged"] else {}
    precision = "bf16" if computes_in_bf16(TrainConfig.from_dict({**job["config"], "snapshot": "-"})) else "fp32"
    return {**evaluated(job["test"]), **judged, **told, "precision": precision}


def computes_in_bf16(config: TrainConfig) -> bool:
    """Whether this machine trains so by this config; TRL's trainer is told to do the same."""
    return dtype_of(config.precision, torch.device("cpu")) == torch.bfloat16


def train_with_plumbline(job: dict[str, Any], folder: Path) -> tuple[Path, dict[str, Any]]:
    """Through the child process that a run starts."""
    (folder / "config.json").write_text(json.dumps({**job["config"], "snapshot": job["train"]}))
    run_child("rewardmodel.core.train_reward", str(folder))
    result = json.loads((folder / "result.json").read_text())
    told = {name: result[name] for name in ("steps", "best_step")}
    chosen_by = result["validation"]["log_loss"]["value"]
    return folder / "model", {"seconds": result["training_seconds"], "validation_log_loss": chosen_by, **told}


def train_with_trl(job: dict[str, Any], folder: Path) -> tuple[Path, dict[str, Any]]:
    """TRL's defaults on the pairs of the same train split, with as many pairs a step, epochs, and the same window."""
    from datasets import Dataset
    from trl import RewardConfig, RewardTrainer

    config = TrainConfig.from_dict({**job["config"], "snapshot": job["train"]})
    network = load_backbone(config.backbone, max_length_tokens=config.max_length_tokens, seed=config.seed)
    tokenizer = network.template.tokenizer
    tokenizer.eos_token = tokenizer.sep_token  # BERT's has none, and TRL asks for one
    pairs = Dataset.from_list(list(pairs_of(read_snapshot(job["train"], split="train"), network, job["train"])))
    settings = RewardConfig(
        output_dir=str(folder / "trl"),
        num_train_epochs=config.epochs or 1,
        per_device_train_batch_size=config.comparisons_per_step,
        seed=config.seed,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        bf16=computes_in_bf16(config),
        use_cpu=True,
        gradient_checkpointing=False,  # changes time, not the weights
    )
    trainer = RewardTrainer(model=network.model, args=settings, train_dataset=pairs, processing_class=tokenizer)
    assert len(trainer.train_dataset) == len(pairs)  # TRL drops rows that it finds too long
    told = trainer.train()
    plain = load_backbone(config.backbone, max_length_tokens=config.max_length_tokens)  # the trained one stays in bf16
    plain.model.load_state_dict(network.model.state_dict())
    save_model(plain, ModelCard("trl", plain.reads_at, plain.template.kind, config.max_length_tokens), folder / "model")
    return folder / "model", {"seconds": told.metrics["train_runtime"], "steps": trainer.state.global_step}


def pairs_of(rows: Iterable[SnapshotRow], network: RewardNetwork, snapshot: str) -> Iterable[dict[str, Any]]:
    rules = PairRules.from_dict(read_manifest(snapshot).rules)
    for row in rows:
        items = [(row.record.prompt, response.content) for response in row.record.responses]
        ids = [encoded.token_ids for encoded in network.template.encode(items)]
        for pair in derive_pairs(row.record, rules):
            yield {"chosen_ids": ids[pair.better], "rejected_ids": ids[pair.worse]}


if __name__ == "__main__":
    print(json.dumps(run(json.loads(sys.argv[1]))))
