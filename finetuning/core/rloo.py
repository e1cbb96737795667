"""REINFORCE leave-one-out: answers to one prompt are each other's baseline, KL is taken off the reward."""

from typing import Any

from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import LoadedPolicy
from finetuning.core.prompts import learning_rows
from finetuning.core.rewards import RewardFunction, Scorer
from rewardmodel.core.run_directory import RunDirectory


def train(directory: RunDirectory, config: FinetuneConfig, policy: LoadedPolicy, scorer: Scorer) -> dict[str, Any]:
    """Answer the prompts, step after step, and follow the reward model."""
    from finetuning.core.trl_adapter import Job, train_rloo

    rows, left_out = learning_rows(policy, config)
    steps = train_rloo(Job(directory, config, policy, config.reference_directory, rows), RewardFunction(scorer))
    return {"steps": steps, "prompts": len(rows), "left_out": left_out}
