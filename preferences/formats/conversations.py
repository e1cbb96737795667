"""Two conversations that begin alike: what they share is the prompt, what follows is an answer each."""

from collections.abc import Sequence
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.records import Message, ResponseRecord

Conversation = tuple[Message, ...]


def split(first: Conversation, second: Conversation) -> tuple[Conversation, ResponseRecord, ResponseRecord]:
    """The messages both begin with, and what each goes on with: one message or several.

    Raises: InvalidRow if they begin with different messages, are identical, or one ends where the other goes on.
    """
    shared = shared_length(first, second)
    if not shared:
        raise InvalidRow("The two conversations do not begin with the same message, so they have no prompt in common.")
    if shared in (len(first), len(second)):
        if first == second:
            raise InvalidRow("The two conversations are identical.", reason="identical-responses")
        raise InvalidRow("One conversation is the beginning of the other, so one answer is empty.", reason="empty")
    return (
        first[:shared],
        fields.response_of_messages(first[shared:]),
        fields.response_of_messages(second[shared:]),
    )


def shared_length(first: Sequence[Any], second: Sequence[Any]) -> int:
    """How many items two sequences have in common from their start."""
    pairs = zip(first, second, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(first), len(second)))
