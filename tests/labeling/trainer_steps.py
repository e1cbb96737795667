"""Let TRL's trainers take one step each on exported files, with small models made here.

Run as `python -m tests.labeling.trainer_steps FOLDER`; reads a list of jobs as JSON, {"trainer", "file", "rename",
"without", "template"}, and prints what became of each, in order: {"rows", "columns", "kept", "prepared", "is_finite",
"moved", "texts"}, where `texts` are what the trainer makes of the rows that it keeps, or {"refused": why}.
"""

import json
import math
import sys
from functools import cache
from pathlib import Path

CHAT = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + eos_token }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
SIZES = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2}
OPTIONS = {
    "max_steps": 1,
    "per_device_train_batch_size": 8,
    "max_length": 1024,
    "logging_steps": 1,
    "report_to": "none",
    "save_strategy": "no",
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "dataloader_pin_memory": False,
    "learning_rate": 1e-2,
}


@cache
def make_tokenizer():
    """Bytes as they are, a chat template, and an end of sequence that is not the padding."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = ["<pad>", "<eos>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={letter: number for number, letter in enumerate(letters)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>")
    fast.chat_template = CHAT
    return fast


def make_trainer(name, data, folder, template):
    """The trainer of that name on a new model, and the reference model it keeps to, if any."""
    import torch
    import trl
    from transformers import LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification

    torch.manual_seed(0)
    tokenizer = make_tokenizer()
    config = LlamaConfig(
        vocab_size=len(tokenizer), pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id, **SIZES
    )
    more = {"train_sampling_strategy": "sequential"} if name == "KTO" else {}  # both labels in the one batch
    options = getattr(trl, f"{name}Config")(output_dir=str(folder / "run"), **OPTIONS, **more)
    if name == "Reward":
        config.num_labels = 1
        model = LlamaForSequenceClassification(config)
    else:
        model = LlamaForCausalLM(config)
    given = {}
    if name in ("DPO", "KTO"):
        given["ref_model"] = LlamaForCausalLM(config)
        given["ref_model"].load_state_dict(model.state_dict())
    if template:
        given["formatting_func"] = lambda row: template.format(**row)
    trainer = getattr(trl, f"{name}Trainer")
    return trainer(model=model, args=options, train_dataset=data, processing_class=tokenizer, **given)


def take_step(folder, job):
    from datasets import load_dataset

    data = load_dataset("json", data_files=job["file"], split="train", cache_dir=str(folder / "cache"))
    columns = sorted(data.column_names)
    data = data.remove_columns(job["without"]).rename_columns(job["rename"])
    trainer = make_trainer(job["trainer"], data, folder, job["template"])
    before = [weights.detach().clone() for weights in trainer.model.parameters()]
    loss = trainer.train().training_loss
    after = list(trainer.model.parameters())
    prepared = trainer.train_dataset
    sides = [name for name in prepared.column_names if name.endswith("ids")]
    return {
        "rows": len(data),
        "columns": columns,
        "kept": len(prepared),
        "prepared": prepared.column_names,
        "is_finite": math.isfinite(loss),
        "moved": max((new - old).abs().max().item() for new, old in zip(after, before, strict=True)),
        "texts": [" ".join(make_tokenizer().decode(row[side]) for side in sides) for row in prepared],
    }


def outcome(folder, job):
    try:
        return take_step(folder, job)
    except (KeyError, TypeError, ValueError, AttributeError) as why:
        return {"refused": f"{type(why).__name__}: {why}"}


if __name__ == "__main__":
    outcomes = [outcome(Path(sys.argv[1]), job) for job in json.load(sys.stdin)]
    sys.stdout.write(json.dumps(outcomes) + "\n")
