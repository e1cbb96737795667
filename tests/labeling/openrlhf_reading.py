"""What OpenRLHF's dataset classes do with a row, told in our own words, so that exports can be held against it.

Known from its `reward_dataset.py` and `sft_dataset.py` (Apache-2.0): which fields are read under which flags, how
prompt and answer are told apart, when a row is left out without a word, and what ends a sequence.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Flags:
    """The command line, as far as it concerns the data."""

    prompt_key: str | None = None
    chosen_key: str = "chosen"
    rejected_key: str = "rejected"
    input_key: str = "input"
    output_key: str | None = None
    apply_chat_template: bool = False
    max_len: int = 512

    @classmethod
    def of(cls, words: list[str]) -> "Flags":
        """Those of `--data.…` words; the last of two that follow each other is a value."""
        told: dict[str, Any] = {}
        for word, after in zip(words, [*words[1:], "--"], strict=True):
            if word.startswith("--data."):
                told[word.removeprefix("--data.")] = True if after.startswith("--") else after
        return cls(**told)


def read_pair(row, flags, tokenizer, *, is_dpo=False):
    """(prompt, chosen, rejected, margin) as texts; None where the row is left out.

    With a chat template both sides are lists of messages: the prompt's list and the answer's are joined, and the
    answer is what the rendered whole has after the rendered prompt. Without one, texts are glued together as they are.
    A DPO run without a prompt key takes all but the last message of `chosen` for the prompt of both. A DPO run leaves
    out a row whose prompt fills the length but for two tokens; a missing or empty margin is 0.
    """
    sides = [row[flags.chosen_key], row[flags.rejected_key]]
    prompt = row[flags.prompt_key] if flags.prompt_key else None
    if flags.apply_chat_template:
        whole = [render(tokenizer, side if prompt is None else prompt + side) for side in sides]
        start = prompt if prompt is not None else sides[0][:-1] if is_dpo else None
        before = "" if start is None else render(tokenizer, start, add_generation_prompt=True)
        sides = [text[len(before) :] for text in whole]
    else:
        before = prompt or ""
    if is_dpo and len(tokenizer(before, add_special_tokens=False)["input_ids"]) >= flags.max_len - 2:
        return None
    return before, *sides, row.get("margin") or 0


def read_demonstration(row, flags, tokenizer):
    """(prompt, answer) as texts; None where the row is left out: no prompt, no answer, or a prompt that is too long.

    With a chat template and no output key the last message is the answer to all before it.
    """
    given = row[flags.input_key]
    answer = row[flags.output_key] if flags.output_key else None
    if flags.apply_chat_template:
        start, whole = (given, given + answer) if flags.output_key else (given[:-1], given)
        prompt = render(tokenizer, start, add_generation_prompt=True)
        answer = render(tokenizer, whole)[len(prompt) :]
    else:
        prompt, answer = given, answer or ""
    too_long = len(tokenizer(prompt, add_special_tokens=False)["input_ids"]) >= flags.max_len - 2
    return None if not prompt or not answer or too_long else (prompt, answer)


def token_ids(text, flags, tokenizer):
    """What the model sees: line breaks at the end go, the end of sequence comes, and the last token is that one."""
    text = text.rstrip("\n")
    if not text.endswith(tokenizer.eos_token):
        text += " " + tokenizer.eos_token
    ids = tokenizer(text, max_length=flags.max_len, truncation=True, add_special_tokens=False)["input_ids"]
    return [*ids[:-1], tokenizer.eos_token_id]


def render(tokenizer, messages, **more):
    return tokenizer.apply_chat_template(messages, tokenize=False, **more)
