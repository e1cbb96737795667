"""Let TRL's RewardTrainer take one step on an exported file, with a small model made here.

Run as `python -m tests.labeling.trl_step FOLDER FILE…`; prints {"rows", "kept", "columns", "loss", "moved"} per file.
"""

import json
import sys
from pathlib import Path

CHAT = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def tokenizer_of(texts):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600, special_tokens=["<pad>", "<eos>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator(texts, trainer)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
    fast.chat_template = CHAT
    return fast


def take_step(folder, file):
    import torch
    from datasets import load_dataset
    from transformers import LlamaConfig, LlamaForSequenceClassification
    from trl import RewardConfig, RewardTrainer

    torch.manual_seed(0)
    data = load_dataset("json", data_files=str(file), split="train", cache_dir=str(folder / "cache"))
    tokenizer = tokenizer_of(file.read_text().splitlines())
    model = LlamaForSequenceClassification(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_labels=1,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    before = model.score.weight.detach().clone()
    options = RewardConfig(
        output_dir=str(folder / "run"),
        max_steps=1,
        per_device_train_batch_size=8,
        max_length=1024,
        logging_steps=1,
        report_to="none",
        save_strategy="no",
        use_cpu=True,
        bf16=False,
        gradient_checkpointing=False,
        dataloader_pin_memory=False,
        learning_rate=1e-2,
    )
    trainer = RewardTrainer(model=model, args=options, train_dataset=data, processing_class=tokenizer)
    result = trainer.train()
    return {
        "rows": len(data),
        "kept": len(trainer.train_dataset),
        "columns": sorted(data.column_names),
        "loss": result.training_loss,
        "moved": (model.score.weight - before).abs().max().item(),
    }


if __name__ == "__main__":
    folder, *files = map(Path, sys.argv[1:])
    sys.stdout.write(json.dumps({file.stem: take_step(folder, file) for file in files}) + "\n")
