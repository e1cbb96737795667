"""What OpenAI's two formats have in common: messages as its API writes them."""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.records import ComparisonRecord, Message

SETTINGS = ("tools", "parallel_tool_calls")  # of a request, beside its messages


def plain_messages(value: Any, name: str) -> Any:
    """Messages with the parts of a content joined where all are texts; `fields.messages` looks at the rest.

    `weight` says what a trainer learns from and is no part of what was said.
    """
    if not fields.is_messages(value):
        return value
    return [
        {key: _joined(item) if key == "content" else item for key, item in turn.items() if key != "weight"}
        for turn in value
    ]


def _joined(content: Any) -> Any:
    if not isinstance(content, list) or not content:
        return content
    texts = [part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"]
    are_texts = len(texts) == len(content) and all(isinstance(text, str) for text in texts)
    return "".join(map(str, texts)) if are_texts else content


def settings(request: dict[str, Any]) -> dict[str, Any]:
    """The tools that a request offers, to be kept beside the comparison; nothing where it offers none."""
    tools = request.get("tools")
    if not tools:
        return {}
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise InvalidRow("“tools” is not a list of objects.")
    return fields.kept(request, *SETTINGS)


def kept_settings(record: ComparisonRecord) -> dict[str, Any]:
    """The same, out of a record's metadata."""
    if not isinstance(record.metadata.get("tools"), list):
        return {}
    return {name: record.metadata[name] for name in SETTINGS if name in record.metadata}


def learned_answers(messages: list[dict[str, Any]]) -> Iterator[int]:
    """Where the assistant's messages stand that a trainer is to learn: all but those of weight 0."""
    for place, turn in enumerate(messages):
        weight = turn.get("weight", 1)
        if weight is not None and (isinstance(weight, bool) or weight not in (0, 1)):
            raise InvalidRow(f"“messages, message {place + 1}, weight” is {weight!r}; it is 0 or 1.")
        if turn.get("role") == "assistant" and weight != 0:
            yield place


def weighted(prompt: tuple[Message, ...], answer: str) -> list[dict[str, Any]]:
    """A conversation of which a trainer learns the last answer only."""
    before = [{**turn, "weight": 0} if turn["role"] == "assistant" else dict(turn) for turn in prompt]
    return [*before, {"role": "assistant", "content": answer}]
