"""`python -m benchmarks.trl_reward_training JOB`: train with TRL's RewardTrainer on pairs that are token ids already.

JOB is {"backbone","pairs","pairs_per_step","settings","output"} in JSON; the last line printed is
{"seconds","losses","peak_memory_bytes"}: the seconds of Trainer.train() from the end of its first step on, the loss of
each step, and on CUDA the most memory that was in use. TRL and what it needs stay in this process.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from transformers import TrainerCallback, TrainerState
from trl import RewardConfig, RewardTrainer

from benchmarks.reward_backbones import LONGEST
from rewardmodel.core.hardware import peak_memory_bytes
from rewardmodel.core.model import load_backbone

PAIRS_PER_BATCH = 8  # TRL's default; several batches make a step of more pairs


class Clock(TrainerCallback):
    """Starts when the first step has ended."""

    started = 0.0

    def on_step_end(self, args: Any, state: TrainerState, control: Any, **_: Any) -> None:
        if state.global_step == 1:
            self.started = now()


def now() -> float:
    """Seconds, once the GPU has done all that it was asked."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.monotonic()


def train(job: dict[str, Any]) -> dict[str, Any]:
    """One training run; everything that `settings` does not say is TRL's default."""
    network = load_backbone(job["backbone"], max_length_tokens=LONGEST)
    tokenizer = network.template.tokenizer
    if tokenizer.eos_token is None:
        tokenizer.eos_token = tokenizer.sep_token  # BERT's has none, and TRL asks for one
    batch = min(PAIRS_PER_BATCH, job["pairs_per_step"])
    config = RewardConfig(
        output_dir=job["output"],
        num_train_epochs=1,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=job["pairs_per_step"] // batch,
        save_strategy="no",
        logging_steps=1,
        report_to="none",
        disable_tqdm=True,
        **job["settings"],
    )
    pairs = Dataset.from_list(json.loads(Path(job["pairs"]).read_text()))
    trainer = RewardTrainer(model=network.model, args=config, train_dataset=pairs, processing_class=tokenizer)
    assert len(trainer.train_dataset) == len(pairs)  # TRL drops rows that it finds too long
    clock = Clock()
    trainer.add_callback(clock)
    trainer.train()
    return {
        "seconds": now() - clock.started,
        "losses": [line["loss"] for line in trainer.state.log_history if "loss" in line],
        "peak_memory_bytes": peak_memory_bytes(trainer.model.device),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(train(json.loads(sys.argv[1]))))
