"""How a policy reads a conversation: its tokenizer, its speakers' marks, and prompts cut to its window."""

from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerBase, PreTrainedTokenizerFast

from finetuning.core.texts import Chat
from preferences.records import Message
from rewardmodel.core.errors import InvalidConfig

PAD = "<|pad|>"
END = "<|end|>"
SPEAKERS = ("<|system|>", "<|user|>", "<|assistant|>", "<|tool|>")

# Marks typed by a person inside a message are broken up, so that nobody can speak with another's voice.
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|' + message['role'] + '|>' + message['content'] | replace('<|', '< |') + '<|end|>' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


def train_tokenizer(chats: Iterable[Chat], *, vocabulary_size: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer learned from conversations; any text can be written with it, in any script.

    Args:
        vocabulary_size: tokens at most, marks and the 256 bytes included.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        special_tokens=[PAD, END, *SPEAKERS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        min_frequency=2,
        show_progress=False,
    )
    tokenizer.train_from_iterator((message["content"] for chat in chats for message in chat), trainer=trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        additional_special_tokens=list(SPEAKERS),
        chat_template=CHAT_TEMPLATE,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def check_tokenizer(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Give back a tokenizer that a policy can be trained with, left-padding.

    Raises: InvalidConfig if it has no end token, no chat template, or pads with its end token.
    """
    if tokenizer.eos_token_id is None:
        raise InvalidConfig("The policy's tokenizer has no end-of-text token, so an answer could never end.")
    if tokenizer.chat_template is None:
        raise InvalidConfig("The policy's tokenizer has no chat template. Add chat_template.jinja to its directory.")
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        raise InvalidConfig("The policy's tokenizer needs a padding token that is not its end-of-text token.")
    tokenizer.padding_side = "left"
    return tokenizer


def prompt_ids(tokenizer: PreTrainedTokenizerBase, prompt: Sequence[Message]) -> list[int]:
    """Token ids of a prompt up to where the answer begins, shape (T,)."""
    return _template_ids(tokenizer, prompt, add_generation_prompt=True)


def chat_ids(tokenizer: PreTrainedTokenizerBase, chat: Sequence[Message]) -> list[int]:
    """Token ids of a whole conversation, its last end mark included, shape (T,)."""
    return _template_ids(tokenizer, chat, add_generation_prompt=False)


def fit_prompt(tokenizer: PreTrainedTokenizerBase, prompt: Chat, *, max_tokens: int) -> Chat | None:
    """The prompt with its oldest turns left out until it fits; the system message and the last turn stay.

    Returns: None if even those two are too long.
    """
    kept = list(prompt)
    while len(prompt_ids(tokenizer, kept)) > max_tokens:
        oldest = 1 if kept[0]["role"] == "system" else 0
        if oldest >= len(kept) - 1:
            return None
        del kept[oldest]
    return tuple(kept)


def _template_ids(tokenizer: Any, chat: Sequence[Message], *, add_generation_prompt: bool) -> list[int]:
    messages = [dict(message) for message in chat]
    encoded = tokenizer.apply_chat_template(
        messages, add_generation_prompt=add_generation_prompt, tokenize=True, return_dict=True
    )
    return list(encoded["input_ids"])
