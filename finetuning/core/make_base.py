"""Make a base policy: `python -m finetuning.core.make_base RUN_DIR`. Nothing is downloaded.

config.json holds a BaseConfig; the policy ends in RUN_DIR/policy, its figures in result.json.
"""

import hashlib
import json
import sys
import time
from functools import partial
from typing import Any, cast

import torch
from torch.nn import functional
from torch.optim import Optimizer
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from finetuning.core.base_config import BaseConfig
from finetuning.core.chat import chat_ids, check_tokenizer, train_tokenizer
from finetuning.core.optimizer import MatrixOptimizer
from finetuning.core.policy import PolicyCard, load_weights, save_policy
from finetuning.core.texts import Chat, chats, read_records
from preferences.snapshot import is_snapshot
from rewardmodel.core.errors import InvalidData
from rewardmodel.core.hardware import choose_device, computing_in
from rewardmodel.core.run_directory import RunDirectory, Stopped, run_child
from rewardmodel.core.training.state import Position, load_state, training_tensors, write_state

IGNORED = -100
WARMUP_SHARE = 0.05
FINAL_SHARE = 0.1
LOGGED_LINES = 200


def make_base(directory: RunDirectory) -> dict[str, Any]:
    """Train a tokenizer and a small language model on all answers of a corpus, or adopt a model from a directory."""
    config = BaseConfig.from_dict(directory.read_config())
    torch.set_num_threads(config.torch_threads)
    started = time.monotonic()
    if config.path:
        model, tokenizer = load_weights(config.path), check_tokenizer(AutoTokenizer.from_pretrained(config.path))
        figures: dict[str, Any] = {"loss": None, "steps": 0, "conversations": 0}
    else:
        left_out: list[str] = []
        corpus = read_corpus(config, left_out=left_out)
        tokenizer = train_tokenizer(corpus, vocabulary_size=config.vocabulary_size)
        torch.manual_seed(config.seed)
        model = build_model(config, tokenizer).to(choose_device(config.device))  # type: ignore[arg-type]
        figures = {**pretrain(directory, config, model, tokenizer, corpus), "unreadable_rows": len(left_out)}
    directory.stop_if_asked()
    card = PolicyCard(name=config.name, method="base", training={**config.to_dict(), "corpus": list(config.corpus)})
    target = directory.path / "policy"
    digest = save_policy(model, tokenizer, card, target)
    return {
        **figures,
        "policy": config.name or str(target),
        "policy_directory": str(target),
        "method": "base",
        "digest": digest,
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "seconds": round(time.monotonic() - started, 2),
    }


def read_corpus(config: BaseConfig, *, left_out: list[str]) -> list[Chat]:
    """Every conversation of the corpus files; of a snapshot only its train split.

    Args:
        left_out: where rows that cannot be read are noted.

    Raises: InvalidData if there is no conversation.
    """
    corpus = [
        chat
        for file in config.corpus
        for chat in chats(read_records(file, splits=("train",) if is_snapshot(file) else None, left_out=left_out))
    ]
    if not corpus:
        raise InvalidData(f"No conversation was found in {', '.join(config.corpus)}.")
    return corpus


def build_model(config: BaseConfig, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
    """A Llama of the configured size with random weights; input and output embeddings are one matrix."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=config.hidden_size,
            intermediate_size=config.intermediate_size,
            num_hidden_layers=config.layers,
            num_attention_heads=config.heads,
            max_position_embeddings=config.window_tokens,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def pretrain(
    directory: RunDirectory,
    config: BaseConfig,
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    corpus: list[Chat],
) -> dict[str, Any]:
    """Learn to continue conversations, in place, from the newest checkpoint if there is one.

    Raises: Stopped after saving, when asked to.
    """
    texts = [chat_ids(tokenizer, chat)[-config.max_chat_tokens :] for chat in corpus]
    optimizer = MatrixOptimizer(
        model,
        matrix_learning_rate=config.matrix_learning_rate,
        learning_rate=config.learning_rate,
        weight_decay=config.weight_decay,
    )
    position = Position(config_digest=_digest(config, texts))
    load = partial(load_state, model=model, optimizer=cast(Optimizer, optimizer), config_digest=position.config_digest)
    if state := directory.resumed(load):
        position, _ = state
    plan = steps_of(texts, config)
    model.train()
    loss = float("nan")
    while position.step < config.steps:
        shown = forget_prompts([texts[index] for index in plan[position.step]], tokenizer, config, step=position.step)
        batch = pad_right(shown, pad_token_id=tokenizer.pad_token_id)
        loss = _step(model, optimizer, batch.to(model.device), share=_share(position.step, config), config=config)
        position.step += 1
        position.tokens += int((batch != tokenizer.pad_token_id).sum())
        if position.step % max(1, config.steps // LOGGED_LINES) == 0 or position.step == config.steps:
            directory.append_metrics(
                {"step": position.step, "split": "train", "loss": loss, "num_tokens": position.tokens}
            )
            directory.report_progress(position.step, config.steps)
        if directory.should_stop or position.step % config.checkpoint_every_steps == 0:
            with directory.new_checkpoint(position.step) as folder:
                tensors = training_tensors(model, cast(Optimizer, optimizer))
                write_state(folder, tensors, position=position)
            directory.keep_newest_checkpoints(2)
            if directory.should_stop:
                raise Stopped
    model.eval()
    return {
        "loss": loss,
        "steps": position.step,
        "tokens": position.tokens,
        "conversations": len(texts),
        "vocabulary": len(tokenizer),
    }


def steps_of(texts: list[list[int]], config: BaseConfig) -> list[list[int]]:
    """Which conversations each step learns from: all of them, epoch after epoch, those of like length together.

    Depends on the seed alone, so that a resumed run sees what it would have seen.
    """
    generator = torch.Generator().manual_seed(config.seed)
    plan: list[list[int]] = []
    while len(plan) < config.steps:
        order = torch.randperm(len(texts), generator=generator).tolist()
        order.sort(key=lambda index: len(texts[index]) // 8)  # stable: shuffled within eight tokens of length
        batches: list[list[int]] = [[]]
        for index in order:
            longest = max(len(texts[each]) for each in (*batches[-1], index))
            if batches[-1] and longest * (len(batches[-1]) + 1) > config.tokens_per_step:
                batches.append([])
            batches[-1].append(index)
        plan += [batches[place] for place in torch.randperm(len(batches), generator=generator).tolist()]
    return plan[: config.steps]


def forget_prompts(
    texts: list[list[int]], tokenizer: PreTrainedTokenizerBase, config: BaseConfig, *, step: int
) -> list[list[int]]:
    """Leave out some tokens of what comes before each answer, as many as the config says; marks and answers stay.

    A small model otherwise learns each question by heart and is lost when it is asked in other words. How many are left
    out differs from text to text, evenly from none to twice the share, so that some prompts are whole.
    """
    if not config.prompt_dropout:
        return texts
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    answer_mark = tokenizer.convert_tokens_to_ids("<|assistant|>")
    marks = {answer_mark, *tokenizer.all_special_ids}
    shown = []
    for text in texts:
        answer_at = max((place for place, token in enumerate(text) if token == answer_mark), default=0)
        share = min(1.0, 2 * config.prompt_dropout * torch.rand((), generator=generator).item())
        chance = torch.rand(answer_at, generator=generator).tolist()
        kept = [token for token, luck in zip(text, chance, strict=False) if token in marks or luck >= share]
        shown.append(kept + text[answer_at:])
    return shown


def pad_right(texts: list[list[int]], *, pad_token_id: int) -> torch.Tensor:
    """Token ids as one matrix, shape (B, longest); a causal model never looks at what stands behind."""
    longest = max(map(len, texts))
    return torch.tensor([text + [pad_token_id] * (longest - len(text)) for text in texts])


def _step(
    model: PreTrainedModel,
    optimizer: MatrixOptimizer,
    batch: torch.Tensor,
    *,
    share: float,
    config: BaseConfig,
) -> float:
    with computing_in(config.precision, batch.device):
        logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    targets = batch[:, 1:].masked_fill(batch[:, 1:] == model.config.pad_token_id, IGNORED)
    loss = functional.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), ignore_index=IGNORED)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), config.max_grad_norm)
    optimizer.step(share)
    return loss.item()


def _share(step: int, config: BaseConfig) -> float:
    """Part of the peak learning rates at a step: up in a line while warming up, then down in a line to a tenth."""
    warmup = max(1, round(config.steps * WARMUP_SHARE))
    if step < warmup:
        return (step + 1) / warmup
    return max(FINAL_SHARE, 1 - (step - warmup) / max(1, config.steps - warmup))


def _digest(config: BaseConfig, texts: list[list[int]]) -> str:
    """Names what a checkpoint belongs to; where files lie and how often to save do not matter."""
    values = {**config.to_dict(), "corpus": texts, "checkpoint_every_steps": None, "name": None, "path": None}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    sys.exit(run_child(make_base))
