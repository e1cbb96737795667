"""The rows that a trainer reads: prompts cut to the policy's window, answers as messages."""

from collections.abc import Sequence
from typing import Any

from finetuning.core.chat import fit_prompt
from finetuning.core.finetune_config import FinetuneConfig
from finetuning.core.policy import LoadedPolicy
from finetuning.core.texts import Chat, read_prompts, read_records, unique_prompts
from preferences.records import Message
from rewardmodel.core.errors import InvalidConfig, InvalidData

Row = dict[str, Any]


def answer(text: str) -> Message:
    """A response as the assistant's turn."""
    return Message(role="assistant", content=text)


def messages(chat: Sequence[Message]) -> list[dict[str, str]]:
    """A conversation as plain JSON."""
    return [{"role": message["role"], "content": message["content"]} for message in chat]


def fitted_rows(
    policy: LoadedPolicy, config: FinetuneConfig, parts: Sequence[tuple[Chat, Row]]
) -> tuple[list[Row], int]:
    """Rows with their prompts cut to `max_prompt_tokens`, and how many were left out because theirs cannot be.

    Raises: InvalidConfig if prompt and answer exceed the policy's window; InvalidData if no row is left.
    """
    if config.max_prompt_tokens + config.max_response_tokens > policy.window_tokens:
        raise InvalidConfig(
            f"max_prompt_tokens ({config.max_prompt_tokens}) and max_response_tokens ({config.max_response_tokens}) "
            f"together exceed the policy's window of {policy.window_tokens} tokens."
        )
    rows: list[Row] = []
    for prompt, columns in parts:
        fitted = fit_prompt(policy.tokenizer, prompt, max_tokens=config.max_prompt_tokens)
        if fitted is not None:
            rows.append({"prompt": messages(fitted), **columns})
    if not rows:
        raise InvalidData(f"No prompt fits into {config.max_prompt_tokens} tokens. Raise max_prompt_tokens.")
    return rows, len(parts) - len(rows)


def learning_rows(policy: LoadedPolicy, config: FinetuneConfig) -> tuple[list[Row], int]:
    """Prompts to answer while learning: of the file, or of the snapshot's train split."""
    prompts = (
        read_prompts(config.prompts)
        if config.prompts
        else unique_prompts(read_records(config.snapshot, splits=("train",)))
    )
    return fitted_rows(policy, config, [(prompt, {"whole_prompt": messages(prompt)}) for prompt in prompts])


def unseen_prompts(config: FinetuneConfig) -> list[Chat]:
    """Prompts for the figures at the end: of the file, or of the snapshot's validation and test split."""
    if config.evaluation_prompts:
        return read_prompts(config.evaluation_prompts)[: config.max_evaluation_prompts]
    if not config.snapshot:
        return []
    return unique_prompts(read_records(config.snapshot, splits=("validation", "test")))[: config.max_evaluation_prompts]
