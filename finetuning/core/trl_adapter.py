"""The one place that knows TRL: trainers run under the contract of a run directory.

TRL 1.16 on a CPU needs to be told not to use bf16 or gradient checkpointing; it loads the reference policy from the
path that the policy's config remembers; it logs KL as a mean per token, where we speak of nats per answer.
"""

import dataclasses
import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

from datasets import Dataset
from transformers import TrainerCallback
from transformers.trainer_utils import PREFIX_CHECKPOINT_DIR
from trl import DPOConfig, DPOTrainer, GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer, SFTConfig, SFTTrainer

from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import LoadedPolicy, load_policy
from finetuning.core.rewards import RewardFunction
from finetuning.core.trainer_checkpoint import whole_checkpoint
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.settings import typed

KEPT_CHECKPOINTS = 2
ARGUMENTS = {"sft": SFTConfig, "dpo": DPOConfig, "rloo": RLOOConfig, "grpo": GRPOConfig}


@dataclasses.dataclass(frozen=True)
class Job:
    """One training: where it reports, its config, the policy that it changes in place, and the rows to learn from.

    Args:
        reference: directory of the frozen policy that KL is measured against.
        rows: {"prompt": messages} and what the method needs beside it, see each function.
    """

    directory: RunDirectory
    config: FinetuneConfig
    policy: LoadedPolicy
    reference: Path
    rows: Sequence[dict[str, Any]]


def train_sft(job: Job) -> int:
    """Imitate the answers in "completion"; only they count in the loss.

    Returns: optimizer steps done. Raises: Stopped after saving, when asked to.
    """
    return _run(job, SFTTrainer, args=_arguments(job))


def train_dpo(job: Job) -> int:
    """Learn from "chosen" and "rejected". Source: Rafailov et al. 2023, arXiv:2305.18290."""
    return _run(job, DPOTrainer, args=_arguments(job), ref_model=load_policy(job.reference).model)


def train_rloo(job: Job, reward: RewardFunction) -> int:
    """Seek reward from "prompt"; the reward model reads "whole_prompt". KL is taken off the reward.

    Source: Ahmadian et al. 2024, arXiv:2402.14740.
    """
    return _run_with_reward(job, RLOOTrainer, reward)


def train_grpo(job: Job, reward: RewardFunction) -> int:
    """As `train_rloo`, with advantages relative to a prompt's group and KL in the loss.

    Source: Shao et al. 2024, arXiv:2402.03300.
    """
    return _run_with_reward(job, GRPOTrainer, reward)


def check_extra(config: FinetuneConfig, *, device: str) -> None:
    """Refuse what the trainer does not know, or what the run sets itself, before anything is loaded.

    Raises: InvalidConfig.
    """
    fields = {field.name: field.type for field in dataclasses.fields(ARGUMENTS[config.method])}
    own = _own_arguments(config, Path("-"), device)
    for name, value in config.extra.items():
        place = f"extra.{name}"
        if name not in fields:
            raise InvalidConfig(f"{place} is no setting of the trainer.", field=place)
        if name in own:
            raise InvalidConfig(f"{place} follows from the run's own settings. Change those.", field=place)
        typed(place, fields[name], value)
    try:
        ARGUMENTS[config.method](**own, **{**_usual_arguments(config, device), **config.extra})
    except (TypeError, ValueError) as error:
        raise InvalidConfig(f"extra is refused by the trainer: {error}", field="extra") from None


def _arguments(job: Job) -> Any:
    """What the method's trainer is told."""
    device = job.policy.model.device.type
    usual = _usual_arguments(job.config, device)
    own = _own_arguments(job.config, job.directory.path / "trainer", device)
    return ARGUMENTS[job.config.method](**own, **{**usual, **job.config.extra})


def _own_arguments(config: FinetuneConfig, folder: Path, device: str) -> dict[str, Any]:
    """What follows from the run's own settings."""
    common = {
        "output_dir": str(folder),
        "max_steps": config.chosen("steps"),
        "learning_rate": config.chosen("learning_rate"),
        "per_device_train_batch_size": config.chosen("examples_per_step"),
        "logging_steps": 1,
        "save_strategy": "steps",
        "save_steps": config.checkpoint_every_steps,
        "save_total_limit": None,
        "seed": config.seed,
        "use_cpu": device == "cpu",
        "report_to": [],
    }
    longest = config.max_prompt_tokens + config.max_response_tokens
    if config.method == "sft":
        return {**common, "completion_only_loss": True, "max_length": longest}
    common["beta"] = config.kl_coefficient
    if config.method == "dpo":
        return {**common, "max_length": longest}
    common |= {
        "num_generations": config.answers_per_prompt,
        "max_completion_length": config.max_response_tokens,
        "temperature": config.temperature,
    }
    if config.method == "grpo":
        return {**common, "loss_type": "grpo"}
    clip = config.reward_clip
    return {**common, "reward_clip_range": None if clip is None else (clip[0], clip[1]), "normalize_advantages": True}


def _usual_arguments(config: FinetuneConfig, device: str) -> dict[str, Any]:
    """What holds where `extra` says nothing else."""
    return {
        "lr_scheduler_type": "linear",
        "warmup_steps": max(1, config.chosen("steps") // 20),
        "max_grad_norm": 1.0,
        "bf16": False,
        "gradient_checkpointing": False,
        "dataloader_pin_memory": device != "cpu",
        "disable_tqdm": True,
    }


def _run_with_reward(job: Job, trainer_class: Any, reward: RewardFunction) -> int:
    job.policy.model.config._name_or_path = str(job.reference)  # where TRL loads the frozen reference from
    return _run(job, trainer_class, args=_arguments(job), reward_funcs=reward)


def _run(job: Job, trainer_class: Any, **parts: Any) -> int:
    """Train in place, from the newest whole checkpoint if there is one."""
    total_steps = job.config.chosen("steps")
    trainer = trainer_class(
        model=job.policy.model,
        processing_class=job.policy.tokenizer,
        train_dataset=Dataset.from_list(list(job.rows)),
        callbacks=[RunDirectoryCallback(job.directory, total_steps=total_steps)],
        **parts,
    )
    trainer.create_model_card = _no_model_card
    checkpoint = job.directory.resumed(partial(whole_checkpoint, keeps_optimizer=not trainer.args.save_only_model))
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    steps = int(trainer.state.global_step)
    if job.directory.should_stop and steps < total_steps:
        raise Stopped
    job.policy.model.eval()
    return steps


class RunDirectoryCallback(TrainerCallback):
    """Streams metrics, moves checkpoints to where they are complete or absent, and stops when asked to."""

    def __init__(self, directory: RunDirectory, *, total_steps: int) -> None:
        self._directory = directory
        self._total_steps = total_steps

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, Any] | None = None, **_: Any) -> None:
        values = {name: value for name, value in (logs or {}).items() if isinstance(value, int | float)}
        if "train_runtime" in values:
            return
        if (kl := values.get("kl")) is not None and (length := values.get("completions/mean_length")) is not None:
            values["kl_nats"] = kl * length  # mean over answers of their summed KL
        self._directory.append_metrics({"step": state.global_step, "split": "train", **values})
        self._directory.report_progress(state.global_step, self._total_steps)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        if self._directory.should_stop:
            control.should_save = True
            control.should_training_stop = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        written = Path(args.output_dir) / f"{PREFIX_CHECKPOINT_DIR}-{state.global_step}"
        with self._directory.new_checkpoint(state.global_step) as folder:
            for file in written.iterdir():
                if file.name != "training_args.bin":  # a pickle that nobody needs
                    file.rename(folder / file.name)
        self._directory.keep_newest_checkpoints(KEPT_CHECKPOINTS)


def _no_model_card(*_: Any, **__: Any) -> None:
    """Policies have plumbline.json; a card for a hub says nothing here."""
