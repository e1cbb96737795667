"""Supervised fine-tuning: imitate what people wrote, or what they found best."""

from typing import Any

from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import LoadedPolicy
from finetuning.core.prompts import answer, fitted_rows, messages
from finetuning.core.texts import Demonstration, best_responses, read_records, written_demonstrations
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.run_directory import RunDirectory


def train(directory: RunDirectory, config: FinetuneConfig, policy: LoadedPolicy) -> dict[str, Any]:
    """Learn from the demonstrations of the snapshot's train split.

    Raises: InvalidData if there is none.
    """
    from finetuning.core.trl_adapter import Job, train_sft

    demonstrations, source = choose_demonstrations(config)
    rows, left_out = fitted_rows(
        policy,
        config,
        [
            (demonstration.prompt, {"completion": messages([answer(demonstration.response)])})
            for demonstration in demonstrations
        ],
    )
    steps = train_sft(Job(directory, config, policy, config.reference_directory, rows))
    return {"steps": steps, "demonstrations": len(rows), "demonstrations_from": source, "left_out": left_out}


def choose_demonstrations(config: FinetuneConfig) -> tuple[list[Demonstration], str]:
    """The demonstrations that the config asks for, and where they are from: "written" or "best"."""
    written = list(written_demonstrations(read_records(config.snapshot, splits=("train",))))
    if config.demonstrations == "written" or (config.demonstrations == "auto" and written):
        source, chosen = "written", written
    else:
        source, chosen = "best", list(best_responses(read_records(config.snapshot, splits=("train",))))
    if not chosen:
        raise InvalidData(
            f"The snapshot has no demonstration in its train split ({source} ones were looked for). Import some, or "
            'let people judge and take the best responses with "demonstrations": "best".'
        )
    return chosen, source
