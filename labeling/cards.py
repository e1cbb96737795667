"""What is read: the turns of a conversation, and each response as a card with what is asked about it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from labeling.answers import Answer
from labeling.asked import as_read, bounds_of, is_tick, label_of, letter_of, required_ratings
from labeling.models import Instrument, Prompt, Response
from labeling.pictures import picture_of
from labeling.rendering import render
from preferences.pictures import KeptPicture

UNFOLDED_TURNS = 6  # a longer conversation folds its beginning
TURNS_LEFT_OPEN = 4


@dataclass(frozen=True)
class Turn:
    """One message, rendered."""

    role: str
    label: str
    html: SafeString
    language: str


@dataclass(frozen=True)
class Rating:
    """One attribute to rate on one card: a row of values, or a box to tick."""

    field: str
    label: str
    values: Sequence[int]
    chosen: float | None
    lowest_label: str = ""
    highest_label: str = ""
    is_tick: bool = False
    is_required: bool = False
    is_missing: bool = False


@dataclass(frozen=True)
class Card:
    """One response: its letter in the order shown, its text rendered and raw, and what the form says about it."""

    response: Response
    letter: str
    number: int
    turns: Sequence[Turn]
    raw: str
    language: str
    picture: KeptPicture | None = None
    rank: int | None = None
    ratings: Sequence[Rating] = ()

    @property
    def rows(self) -> list[Rating]:
        return [rating for rating in self.ratings if not rating.is_tick]

    @property
    def ticks(self) -> list[Rating]:
        return [rating for rating in self.ratings if rating.is_tick]


def card_of(
    response: Response,
    index: int,
    *,
    answer: Answer | None = None,
    instrument: Instrument | None = None,
    marks_missing: bool = False,
) -> Card:
    """One response as a card; `index` counts the order shown from 0."""
    picture = picture_of(response)
    if picture:
        turns = []
    elif response.kind == Response.Kind.MESSAGES:
        turns = turns_of(_messages(response.content))
    else:
        turns = [_turn("assistant", "", response.content)]
    return Card(
        response=response,
        letter=letter_of(index),
        number=index + 1,
        turns=turns,
        raw=picture.alt if picture else response.content,
        language=turns[0].language if turns else "",
        picture=picture,
        rank=answer.ranks.get(response.pk) if answer else None,
        ratings=_ratings_of(response, answer, instrument, marks_missing) if answer and instrument else (),
    )


def turns_of_prompt(prompt: Prompt) -> list[Turn]:
    """The whole message history of a prompt."""
    return turns_of(prompt.messages)


def turns_of(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """Chat messages, rendered, each with the name of who speaks."""
    names = {"system": _("System"), "user": _("User"), "assistant": _("Assistant"), "tool": _("Tool")}
    turns = []
    for message in messages:
        role, text = str(message.get("role", "")), as_text(message.get("content", ""))
        turns.append(_turn(role, names.get(role, role), text))
    return turns


def _turn(role: str, label: str, text: str) -> Turn:
    rendered = render(text)
    return Turn(role, label, rendered.html, rendered.language)


def fold(turns: Sequence[Turn]) -> tuple[Sequence[Turn], Sequence[Turn]]:
    """Part a long conversation into its beginning, which is folded away, and what stays in sight.

    The last four turns stay, and always the last turn of the user: it is what the responses answer.
    """
    if len(turns) <= UNFOLDED_TURNS:
        return (), turns
    asked = max((index for index, turn in enumerate(turns) if turn.role == "user"), default=len(turns) - 1)
    cut = min(asked, len(turns) - TURNS_LEFT_OPEN)
    return turns[:cut], turns[cut:]


def _ratings_of(response: Response, answer: Answer, instrument: Instrument, marks_missing: bool) -> list[Rating]:
    given = answer.ratings.get(response.pk, {})
    required = [attribute["name"] for attribute in required_ratings(instrument)]
    rows = []
    for attribute in instrument.attributes:
        name = attribute["name"]
        lowest, highest = bounds_of(attribute)
        rows.append(
            Rating(
                field=f"rating_{response.pk}_{name}",
                label=label_of(attribute),
                values=range(lowest, highest + 1),
                chosen=given.get(name),
                lowest_label=as_read(str(attribute.get("lowest_label", ""))),
                highest_label=as_read(str(attribute.get("highest_label", ""))),
                is_tick=is_tick(attribute),
                is_required=name in required,
                is_missing=marks_missing and name in required and name not in given,
            )
        )
    return rows


def _messages(content: str) -> list[Mapping[str, Any]]:
    try:
        messages = json.loads(content)
    except ValueError:
        messages = None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return [{"role": "assistant", "content": content}]
    return messages


def as_text(content: Any) -> str:
    """A message's text; structured content is shown as JSON rather than hidden."""
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)
