"""`python -m benchmarks.trl_reward_training JOBS`: train with TRL's RewardTrainer on pairs that are token ids already.

JOBS is a JSON list of {"pairs","pairs_per_step","settings","output"}; the last line printed is a JSON list of
{"seconds","steps"}, the seconds of Trainer.train() alone. TRL and what it needs stay in this process.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset
from trl import RewardConfig, RewardTrainer

from rewardmodel.core.model import load_backbone

PAIRS_PER_BATCH = 8  # TRL's default; several batches make a step of more pairs


def train(job: dict[str, Any]) -> dict[str, float]:
    """One training run; everything that `settings` does not say is TRL's default."""
    network = load_backbone("minilm", max_length_tokens=256)
    tokenizer = network.template.tokenizer
    tokenizer.eos_token = tokenizer.sep_token  # BERT's has none, and TRL asks for one
    batch = min(PAIRS_PER_BATCH, job["pairs_per_step"])
    config = RewardConfig(
        output_dir=job["output"],
        use_cpu=True,
        num_train_epochs=1,
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=job["pairs_per_step"] // batch,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
        **job["settings"],
    )
    pairs = Dataset.from_list(json.loads(Path(job["pairs"]).read_text()))
    trainer = RewardTrainer(model=network.model, args=config, train_dataset=pairs, processing_class=tokenizer)
    assert len(trainer.train_dataset) == len(pairs)  # TRL drops rows that it finds too long
    started = time.monotonic()
    trainer.train()
    return {"seconds": time.monotonic() - started, "steps": trainer.state.global_step}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps([train(job) for job in json.loads(sys.argv[1])]))
