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
from itertools import chain
from typing import Any

import tokenizers
import transformers
from jinja2 import TemplateError, TemplateSyntaxError
from tokenizers import Encoding
from transformers import PreTrainedTokenizerBase

from rewardmodel.core.data.texts import Prompt, as_messages, prompt_text, role_lines
from rewardmodel.core.errors import InvalidConfig, RefusedConversation

SENTENCE_PAIR = "sentence-pair"
CHAT_TEMPLATE = "chat-template"
ROLE_LINES = "role-lines"
PROMPT_SHARE = 0.25
PROMPT, RESPONSE = -1, -2  # in the layout of a pair, beside the ids of special tokens
LAYOUT_VERSION = 1  # goes up with every change here that gives some text other token ids


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
        ends = [self.tokenizer.bos_token_id, self.tokenizer.eos_token_id]
        versions = [LAYOUT_VERSION, tokenizers.__version__, transformers.__version__]
        parts = [
            self._backend.to_str(),
            self.tokenizer.chat_template,
            self.kind,
            self.max_length_tokens,
            ends,
            versions,
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def encode(self, items: Sequence[tuple[Prompt, str]]) -> list[EncodedText]:
        """Token ids of each (prompt, response), in order. A prompt that several responses have is encoded once.

        Raises: RefusedConversation if the chat template refuses one of them; InvalidConfig if it is broken.
        """
        if self.kind == SENTENCE_PAIR:
            return self._encode_sentence_pairs(items)
        return self._encode_chats(items)

    def refuses(self, items: Sequence[tuple[Prompt, str]]) -> bool:
        """Whether one of these conversations is none to the chat template."""
        try:
            self.encode(items)
        except RefusedConversation:
            return True
        return False

    def _encode_sentence_pairs(self, items: Sequence[tuple[Prompt, str]]) -> list[EncodedText]:
        room = self.max_length_tokens - self._backend.num_special_tokens_to_add(True)
        prompts = self._encode_each([prompt_text(prompt) for prompt, _ in items])
        responses = self._encode_each([response for _, response in items])
        encoded = []
        for prompt, response in zip(prompts, responses, strict=True):
            prompt_tokens, response_tokens = shares(len(prompt), len(response), room=room)
            is_truncated = prompt_tokens < len(prompt) or response_tokens < len(response)
            kept = {PROMPT: prompt.ids[len(prompt) - prompt_tokens :], RESPONSE: response.ids[:response_tokens]}
            parts = [kept.get(part, [part]) for part, _ in self._pair_layout]
            types = [[type_] * len(ids) for ids, (_, type_) in zip(parts, self._pair_layout, strict=True)]
            encoded.append(EncodedText(tuple(chain(*parts)), tuple(chain(*types)), is_truncated))
        return encoded

    @cached_property
    def _pair_layout(self) -> list[tuple[int, int]]:
        """What a pair is made of, in order: PROMPT, RESPONSE or the id of a special token, each with its token type.

        Learned from two texts of one token. Given long texts to cut, the tokenizer combines every part that it cuts
        off one of them with every part of the other: gigabytes for two of 100,000 characters.
        """
        token = self._backend.encode("a", add_special_tokens=False)
        token.truncate(1)
        pair = self._backend.post_process(token, token, True)
        texts = iter((PROMPT, RESPONSE))
        return [
            (id_ if is_special else next(texts), type_)
            for id_, type_, is_special in zip(pair.ids, pair.type_ids, pair.special_tokens_mask, strict=True)
        ]

    def _encode_chats(self, items: Sequence[tuple[Prompt, str]]) -> list[EncodedText]:
        parts = [self._chat_parts(prompt, response) for prompt, response in items]
        adds_start = self.kind == ROLE_LINES
        prompts = self._encode_each([start for start, _ in parts])
        responses = self._encode_each([end for _, end in parts])
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

    def _encode_each(self, texts: Sequence[str]) -> list[Encoding]:
        """The tokens of each text; equal texts share them, so that nobody may change them."""
        distinct = list(dict.fromkeys(texts))
        found = dict(zip(distinct, self._backend.encode_batch(distinct, add_special_tokens=False), strict=True))
        return [found[text] for text in texts]

    def _chat_parts(self, prompt: Prompt, response: str) -> tuple[str, str]:
        """The conversation up to the answer, and the answer with whatever closes it.

        A text that ends as the template opens an answer is laid out already: trainers send their policy's own text.
        """
        messages = [dict(message) for message in as_messages(prompt)]
        if self.kind == ROLE_LINES:
            return f"{role_lines(as_messages(prompt))}\n\nAssistant: ", response
        if isinstance(prompt, str) and self._opening and prompt.endswith(self._opening):
            return prompt, response.rstrip()
        start = self._chat(messages, add_generation_prompt=True)
        whole = self._chat([*messages, {"role": "assistant", "content": response}], add_generation_prompt=False)
        end = whole[len(start) :] if whole.startswith(start) else response
        return start, end.rstrip()

    def _chat(self, messages: list[dict[str, Any]], *, add_generation_prompt: bool) -> str:
        lay_out = self.tokenizer.apply_chat_template
        try:
            return str(lay_out(messages, tokenize=False, add_generation_prompt=add_generation_prompt))
        except TemplateSyntaxError as error:
            raise InvalidConfig(f"The backbone's chat template is broken: {error}.", field="backbone") from None
        except TemplateError as error:
            raise RefusedConversation(f"The chat template refuses a conversation: {error}.") from None

    @cached_property
    def _opening(self) -> str:
        """What the chat template puts between the last message and the answer."""
        messages = [{"role": "user", "content": "?"}]
        closed = self._chat(messages, add_generation_prompt=False)
        opened = self._chat(messages, add_generation_prompt=True)
        return opened[len(closed) :] if opened.startswith(closed) else ""

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
