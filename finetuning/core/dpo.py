"""Direct preference optimization: learn the judged pairs without a reward model in between."""

from typing import Any

from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import LoadedPolicy
from finetuning.core.prompts import answer, fitted_rows, messages
from finetuning.core.texts import preferred_pairs, read_records
from preferences.pairs import PairRules
from preferences.snapshot import is_snapshot, read_manifest
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.run_directory import RunDirectory


def train(directory: RunDirectory, config: FinetuneConfig, policy: LoadedPolicy) -> dict[str, Any]:
    """Learn from the pairs of the snapshot's train split, derived by the snapshot's own rules.

    Raises: InvalidData if there is none.
    """
    from finetuning.core.trl_adapter import Job, train_dpo

    rules = read_manifest(config.snapshot).pair_rules if is_snapshot(config.snapshot) else PairRules()
    pairs = list(preferred_pairs(read_records(config.snapshot, splits=("train",)), rules))
    if not pairs:
        raise InvalidData("The snapshot has no judged pair in its train split.")
    rows, left_out = fitted_rows(
        policy,
        config,
        [
            (pair.prompt, {"chosen": messages([answer(pair.better)]), "rejected": messages([answer(pair.worse)])})
            for pair in pairs
        ],
    )
    steps = train_dpo(Job(directory, config, policy, config.reference_directory, rows))
    return {"steps": steps, "pairs": len(rows), "left_out": left_out}
