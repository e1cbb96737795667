"""Fine-tune a policy: `python -m finetuning.core.finetune RUN_DIR`.

config.json holds a FinetuneConfig; the policy ends in RUN_DIR/policy, its figures in result.json, and its answers to
unseen prompts beside the reference's in samples.jsonl.
"""

import sys
import time
from typing import Any

import torch

from finetuning.core import dpo, grpo, rloo, sft
from finetuning.core.evaluate_policy import compare_policies
from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import LoadedPolicy, PolicyCard, load_policy, policy_digest, save_policy
from finetuning.core.prompts import unseen_prompts
from finetuning.core.texts import write_rows
from preferences.snapshot import is_snapshot, read_manifest
from rewardmodel.core.hardware import choose_device
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer


def finetune(directory: RunDirectory) -> dict[str, Any]:
    """Train by the config's method, save the policy, and hold it against its reference on unseen prompts."""
    from finetuning.core.trl_adapter import check_extra

    config = FinetuneConfig.from_dict(directory.read_config())
    device = choose_device(config.device)
    check_extra(config, device=device)
    torch.set_num_threads(config.torch_threads)
    started = time.monotonic()
    policy = load_policy(config.policy, device=device)
    scorer = RewardScorer.load(config.reward_model, device=device) if config.reward_model else None
    figures = train(directory, config, policy, scorer)
    directory.stop_if_asked()

    target = directory.path / "policy"
    digest = save_policy(policy.model, policy.tokenizer, _card(config, scorer), target)
    figures |= {
        "policy": config.name or str(target),
        "policy_directory": str(target),
        "method": config.method,
        "digest": digest,
        "training_seconds": round(time.monotonic() - started, 2),
    }
    if scorer is not None and (prompts := unseen_prompts(config)):
        reference = load_policy(config.reference_directory, device=device)
        compared = compare_policies(policy, reference, scorer, prompts, config.evaluation_sampling)
        write_rows(directory.path / "samples.jsonl", compared.rows())
        figures |= compared.figures()
    return {**figures, "seconds": round(time.monotonic() - started, 2)}


def train(
    directory: RunDirectory, config: FinetuneConfig, policy: LoadedPolicy, scorer: RewardScorer | None
) -> dict[str, Any]:
    """Change the policy's weights in place by the method that the config names."""
    if config.method == "sft":
        return sft.train(directory, config, policy)
    if config.method == "dpo":
        return dpo.train(directory, config, policy)
    if scorer is None:
        raise ValueError(f"{config.method} needs a reward model")
    return (rloo if config.method == "rloo" else grpo).train(directory, config, policy, scorer)


def _card(config: FinetuneConfig, scorer: RewardScorer | None) -> PolicyCard:
    return PolicyCard(
        name=config.name,
        method=config.method,
        parent=policy_digest(config.policy),
        reference=policy_digest(config.reference_directory),
        reward_model=scorer.digest if scorer else "",
        snapshot_sha256=read_manifest(config.snapshot).content_sha256 if is_snapshot(config.snapshot) else "",
        training=config.to_dict(),
    )


if __name__ == "__main__":
    sys.exit(run_child(finetune))
