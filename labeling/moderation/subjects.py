"""What a check looks at: the texts of one prompt and its responses, and what is known of the data around them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from preferences.records import ComparisonRecord, Message


@dataclass(frozen=True, slots=True)
class Text:
    """One text, and where it stands.

    Attributes:
        content: as it is stored; of a response made of messages, what the messages say.
        response: the index of the response it is; None for a message of the prompt.
        message: the index of the prompt's message it is; None for a response.
        role: who speaks: `assistant` for a response.
        hash: of a response, as it is stored; "" for a message of the prompt.
    """

    content: str
    response: int | None = None
    message: int | None = None
    role: str = "assistant"
    hash: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What no single record can tell.

    Attributes:
        prompts_of: hash of a response → under how many prompts the same text stands; those under one may be left out.
        scores: hash of a response → label → score of a text classifier, 0 to 1.
    """

    prompts_of: Mapping[str, int] = field(default_factory=dict)
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """One prompt with its responses. Pictures are no texts and are left out."""

    prompt: tuple[Text, ...]
    responses: tuple[Text, ...]
    around: Surroundings = field(default_factory=Surroundings)

    @cached_property
    def question(self) -> str:
        """The last message of the prompt, which the responses answer; "" for an empty prompt."""
        return self.prompt[-1].content if self.prompt else ""

    @property
    def texts(self) -> tuple[Text, ...]:
        return (*self.prompt, *self.responses)


def prompt_texts(messages: Iterable[Message]) -> tuple[Text, ...]:
    """The messages of a prompt."""
    return tuple(
        Text(content=message["content"], message=index, role=message["role"]) for index, message in enumerate(messages)
    )


def response_text(content: str, *, kind: str, index: int, hash: str = "") -> Text | None:
    """What a response says; None for a picture."""
    if kind == "picture":
        return None
    return Text(content=_said(content) if kind == "messages" else content, response=index, hash=hash)


def subject_of(record: ComparisonRecord, around: Surroundings | None = None) -> Subject:
    """What the checks look at, of one record."""
    texts = (
        response_text(one.content, kind=one.kind, index=index, hash=one.hash)
        for index, one in enumerate(record.responses)
    )
    return Subject(
        prompt=prompt_texts(record.prompt),
        responses=tuple(text for text in texts if text is not None),
        around=around or Surroundings(),
    )


def _said(content: str) -> str:
    """The messages' own words, a blank line between them; what is no list of messages stays as it is."""
    try:
        messages = json.loads(content)
    except ValueError:
        return content
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        return content
    return "\n\n".join(str(one.get("content") or "") for one in messages)
