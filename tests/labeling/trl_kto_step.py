"""Let TRL's KTOTrainer take one step on an exported file, with a small model made here.

Run as `python -m tests.labeling.trl_kto_step FOLDER FILE…`; prints, per file, {"rows", "columns", "desirable", "loss",
"moved"}.
"""

import json
import sys
from pathlib import Path

from tests.labeling.trl_step import tokenizer_of


def take_step(folder, file):
    import torch
    from datasets import load_dataset
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import KTOConfig, KTOTrainer

    torch.manual_seed(0)
    data = load_dataset("json", data_files=str(file), split="train", cache_dir=str(folder / "cache"))
    tokenizer = tokenizer_of(file.read_text().splitlines())
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model, reference = LlamaForCausalLM(config), LlamaForCausalLM(config)
    reference.load_state_dict(model.state_dict())
    options = KTOConfig(
        output_dir=str(folder / "run"),
        max_steps=1,
        per_device_train_batch_size=8,
        train_sampling_strategy="sequential",
        max_length=512,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        learning_rate=1e-2,
    )
    trainer = KTOTrainer(model=model, ref_model=reference, args=options, train_dataset=data, processing_class=tokenizer)
    result = trainer.train()
    moved = (new - old for new, old in zip(model.parameters(), reference.parameters(), strict=True))
    return {
        "rows": len(data),
        "columns": sorted(data.column_names),
        "desirable": sum(data["label"]),
        "loss": result.training_loss,
        "moved": max(difference.abs().max().item() for difference in moved),
    }


if __name__ == "__main__":
    folder, *files = map(Path, sys.argv[1:])
    sys.stdout.write(json.dumps({file.stem: take_step(folder, file) for file in files}) + "\n")
