"""Prompts and responses as plain text, before any tokenizer. Light: the worker imports it without torch."""

import json
from collections.abc import Sequence
from typing import TypeAlias

from preferences.records import Message

Prompt: TypeAlias = str | Sequence[Message]


def as_messages(prompt: Prompt) -> Sequence[Message]:
    """A text prompt is one message of the user."""
    return [Message(role="user", content=prompt)] if isinstance(prompt, str) else prompt


def prompt_text(prompt: Prompt) -> str:
    """A prompt as an encoder reads it: the bare text of a single user message, role lines of anything longer."""
    if isinstance(prompt, str):
        return prompt
    if len(prompt) == 1 and prompt[0]["role"] == "user":
        return prompt[0]["content"]
    return role_lines(prompt)


def role_lines(messages: Sequence[Message]) -> str:
    """ "User: …", a blank line, "Assistant: …"."""
    return "\n\n".join(f"{message['role'].capitalize()}: {message['content']}" for message in messages)


def response_text(content: str, kind: str) -> str:
    """A stored response as text; a response of several messages becomes role lines.

    Raises: ValueError for a picture, which no text model can read.
    """
    if kind == "text":
        return content
    if kind == "messages":
        return role_lines(json.loads(content))
    raise ValueError(f"A response of kind {kind!r} is not text.")
