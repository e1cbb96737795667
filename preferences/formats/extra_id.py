"""A conversation as one text in HelpSteer2's way: turns divided by `<extra_id_1>` and who speaks next.

user turn 1 ⏎ <extra_id_1>Assistant ⏎ assistant turn 1 ⏎ <extra_id_1>User ⏎ user turn 2
Source: the dataset card of nvidia/HelpSteer2, “multi-turn prompts”.
"""

import re
from collections.abc import Sequence

from preferences.formats import fields
from preferences.records import Message

_MARKER = re.compile(r"\n<extra_id_1>(Assistant|User)\n")
_ROLE = {"Assistant": "assistant", "User": "user"}
_SPEAKER = {role: speaker for speaker, role in _ROLE.items()}


def turns_of(text: str, name: str = "prompt") -> tuple[Message, ...]:
    """The turns of a prompt, the first of them the user's. Raises: InvalidRow for an empty one."""
    first, *rest = _MARKER.split(fields.text(text, name))
    turns = [Message(role="user", content=first)]
    turns += [
        Message(role=_ROLE[speaker], content=content) for speaker, content in zip(rest[::2], rest[1::2], strict=True)
    ]
    return tuple(turns)


def text_of(turns: Sequence[Message]) -> str | None:
    """The turns as one text that reads back as the same turns; None where there is no such text."""
    if turns[0]["role"] != "user" or any(turn["role"] not in _SPEAKER for turn in turns):
        return None
    marked = (f"\n<extra_id_1>{_SPEAKER[turn['role']]}\n{turn['content']}" for turn in turns[1:])
    text = turns[0]["content"] + "".join(marked)
    return text if text.strip() and turns_of(text) == tuple(turns) else None
