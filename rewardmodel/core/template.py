"""How a prompt and a response become token ids: one place for training, evaluation, scoring and RL.

Encoders read a sentence pair, prompt first. Decoders read a chat: by the tokenizer's chat template if it has one,
otherwise as lines of "Role: content"; the end-of-text token closes it. What is longer than the window loses the
beginning of its prompt. Only a response that needs more than its share (the window less a quarter) loses its end, so
that the last words of the prompt stay.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from transformers import PreTrainedTokenizerBase

from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.texts import Prompt, as_messages, prompt_text, role_lines

SENTENCE_PAIR = "sentence-pair"
CHAT_TEMPLATE = "chat-template"
ROLE_LINES = "role-lines"
PROMPT_SHARE = 0.25


@dataclass(frozen=True)
class EncodedText:
    """One prompt and response as the model reads them.

    Args:
        token_ids: shape (T,), special tokens included.
        token_types: shape (T,), 0 for the prompt and 1 for the response; None where the model knows no types.
        is_truncated: something was cut to fit the window.
    """

    token_ids: tuple[int, ...]
    token_types: tuple[int, ...] | None
    is_truncated: bool


class Template:
    """A tokenizer with the rule by which it lays out a prompt and a response.

    Args:
        tokenizer: a fast Hugging Face tokenizer.
        kind: "sentence-pair", "chat-template" or "role-lines".
        max_length_tokens: the window, special tokens included.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, *, kind: str, max_length_tokens: int) -> None:
        if not tokenizer.is_fast:
            raise InvalidConfig(f"{type(tokenizer).__name__} is not a fast tokenizer; tokenizer.json is needed.")
        if kind != SENTENCE_PAIR and tokenizer.eos_token_id is None:
            raise InvalidConfig("The tokenizer has no end-of-text token; a decoder reads its reward there.")
        self.tokenizer = tokenizer
        self.kind = kind
        self.max_length_tokens = max_length_tokens
        self._backend: Any = tokenizer.backend_tokenizer
        self._backend.no_truncation()
        self._backend.no_padding()

    @cached_property
    def digest(self) -> str:
        """sha256 over tokenizer, chat template, layout and window: equal where equal texts become equal token ids."""
        parts = [self._backend.to_str(), self.tokenizer.chat_template, self.kind, self.max_length_tokens]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def encode(self, items: Sequence[tuple[Prompt, str]]) -> list[EncodedText]:
        """Token ids of each (prompt, response), in order."""
        if self.kind == SENTENCE_PAIR:
            return self._encode_sentence_pairs(items)
        return self._encode_chats(items)

    def _encode_sentence_pairs(self, items: Sequence[tuple[Prompt, str]]) -> list[EncodedText]:
        room = self.max_length_tokens - self._backend.num_special_tokens_to_add(True)
        prompts = self._backend.encode_batch([prompt_text(prompt) for prompt, _ in items], add_special_tokens=False)
        responses = self._backend.encode_batch([response for _, response in items], add_special_tokens=False)
        encoded = []
        for prompt, response in zip(prompts, responses, strict=True):
            prompt_tokens, response_tokens = shares(len(prompt.ids), len(response.ids), room=room)
            is_truncated = prompt_tokens < len(prompt.ids) or response_tokens < len(response.ids)
            prompt.truncate(prompt_tokens, direction="left")
            response.truncate(response_tokens, direction="right")
            pair = self._backend.post_process(prompt, response, True)
            encoded.append(EncodedText(tuple(pair.ids), tuple(pair.type_ids), is_truncated))
        return encoded

    def _encode_chats(self, items: Sequence[tuple[Prompt, str]]) -> list[EncodedText]:
        parts = [self._chat_parts(prompt, response) for prompt, response in items]
        adds_start = self.kind == ROLE_LINES
        prompts = self._backend.encode_batch([start for start, _ in parts], add_special_tokens=False)
        responses = self._backend.encode_batch([end for _, end in parts], add_special_tokens=False)
        start_ids = self._start_ids() if adds_start else []
        end_id = self.tokenizer.eos_token_id
        encoded = []
        for prompt, response in zip(prompts, responses, strict=True):
            response_ids = list(response.ids)
            end_ids = [] if end_id in response_ids else [end_id]
            room = self.max_length_tokens - len(start_ids) - len(end_ids)
            prompt_tokens, response_tokens = shares(len(prompt.ids), len(response_ids), room=room)
            is_truncated = prompt_tokens < len(prompt.ids) or response_tokens < len(response_ids)
            kept_prompt = prompt.ids[len(prompt.ids) - prompt_tokens :]
            ids = [*start_ids, *kept_prompt, *response_ids[:response_tokens], *end_ids]
            if response_tokens < len(response_ids) and not end_ids:
                ids[-1] = end_id
            encoded.append(EncodedText(tuple(ids), None, is_truncated))
        return encoded

    def _chat_parts(self, prompt: Prompt, response: str) -> tuple[str, str]:
        """The conversation up to the answer, and the answer with whatever closes it."""
        messages = [dict(message) for message in as_messages(prompt)]
        if self.kind == ROLE_LINES:
            return f"{role_lines(as_messages(prompt))}\n\nAssistant: ", response
        start = self._chat(messages, add_generation_prompt=True)
        whole = self._chat([*messages, {"role": "assistant", "content": response}], add_generation_prompt=False)
        end = whole[len(start) :] if whole.startswith(start) else response
        return start, end.rstrip()

    def _chat(self, messages: list[dict[str, Any]], *, add_generation_prompt: bool) -> str:
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=add_generation_prompt)
        return str(text)

    def _start_ids(self) -> list[int]:
        start = self.tokenizer.bos_token_id
        return [] if start is None else [start]


def choose_kind(tokenizer: PreTrainedTokenizerBase, *, is_decoder: bool) -> str:
    """The layout of a new model: a pair for encoders; for decoders their own chat template, or role lines."""
    if not is_decoder:
        return SENTENCE_PAIR
    return CHAT_TEMPLATE if tokenizer.chat_template else ROLE_LINES


def shares(prompt: int, response: int, *, room: int) -> tuple[int, int]:
    """How many tokens of each may stay: the response first, the prompt the rest, but never less than a quarter.

    Returns: (prompt tokens, response tokens), together at most `room`; (100, 50) of (200, 50) in a room of 150.
    """
    prompt_floor = min(prompt, int(room * PROMPT_SHARE))
    kept_response = min(response, room - prompt_floor)
    return min(prompt, room - kept_response), kept_response
