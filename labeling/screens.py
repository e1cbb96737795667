"""What the workbench shows, ready for the template: turns of the prompt, cards, the scale, the state of the form."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from labeling.answers import Answer
from labeling.models import Assignment, Instrument, Prompt, Response
from labeling.queries import responses_as_shown
from labeling.rendering import language_of, render_markdown

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Turn:
    """One message, rendered."""

    role: str
    label: str
    html: SafeString
    language: str


@dataclass(frozen=True)
class Rating:
    """One attribute to rate on one card."""

    field: str
    label: str
    values: Sequence[int]
    chosen: float | None


@dataclass(frozen=True)
class Card:
    """One response: its letter in the order shown, its text rendered and raw, and what the form says about it."""

    response: Response
    letter: str
    number: int
    turns: Sequence[Turn]
    raw: str
    language: str
    rank: int | None = None
    ratings: Sequence[Rating] = ()


@dataclass(frozen=True)
class Step:
    """One button of the scale from A to B."""

    value: str
    label: str
    symbol: str
    spoken: str
    key: str
    is_chosen: bool


@dataclass(frozen=True)
class Screen:
    """Everything the comparison's half of the workbench needs."""

    assignment: Assignment
    instrument: Instrument
    answer: Answer
    prompt: Sequence[Turn]
    documents: Sequence[str]
    cards: Sequence[Card]
    steps: Sequence[Step]
    flags: Sequence[Mapping[str, Any]] = field(default_factory=list)
    error: str = ""

    @property
    def is_pair(self) -> bool:
        return len(self.cards) == 2

    @property
    def places(self) -> range:
        return range(1, len(self.cards) + 1)


def build_screen(assignment: Assignment, answer: Answer, error: str = "") -> Screen:
    """Put together what an annotator may see of a leased comparison: no policy, no score, no one else's answer."""
    instrument = assignment.project.instrument
    prompt = assignment.comparison.prompt
    cards = [
        card_of(response, index, answer=answer, instrument=instrument)
        for index, response in enumerate(responses_as_shown(assignment))
    ]
    return Screen(
        assignment=assignment,
        instrument=instrument,
        answer=answer,
        prompt=turns_of_prompt(prompt),
        documents=[_text(document) for document in prompt.documents],
        cards=cards,
        steps=_scale(instrument, answer) if len(cards) == 2 else (),
        flags=[
            {"name": name, "label": label, "is_chosen": name in answer.flags}
            for name, label in map(_name_and_label, instrument.flags)
        ],
        error=error,
    )


def card_of(
    response: Response, index: int, *, answer: Answer | None = None, instrument: Instrument | None = None
) -> Card:
    """One response as a card; `index` counts the order shown from 0."""
    turns = (
        turns_of(_messages(response.content))
        if response.kind == Response.Kind.MESSAGES
        else [Turn("assistant", "", render_markdown(response.content), language_of(response.content))]
    )
    return Card(
        response=response,
        letter=LETTERS[index] if index < len(LETTERS) else str(index + 1),
        number=index + 1,
        turns=turns,
        raw=response.content,
        language=turns[0].language if turns else "",
        rank=answer.ranks.get(response.pk) if answer else None,
        ratings=_ratings_of(response, answer, instrument) if answer and instrument else (),
    )


def turns_of_prompt(prompt: Prompt) -> list[Turn]:
    """The whole message history of a prompt."""
    return turns_of(prompt.messages)


def turns_of(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """Chat messages, rendered, each with the name of who speaks."""
    names = {"system": _("System"), "user": _("User"), "assistant": _("Assistant"), "tool": _("Tool")}
    turns = []
    for message in messages:
        role, text = str(message.get("role", "")), _text(message.get("content", ""))
        turns.append(Turn(role, names.get(role, role), render_markdown(text), language_of(text)))
    return turns


def _scale(instrument: Instrument, answer: Answer) -> list[Step]:
    """The symmetrical scale: strength grows towards both ends, a tie stands in the middle if ties are allowed."""
    if instrument.asks_strength:
        rows = [
            ("a3", _("much"), "+++", _("A is much better"), "⇧1"),
            ("a2", _("better"), "++", _("A is better"), "1"),
            ("a1", _("slightly"), "+", _("A is slightly better"), "←"),
            ("tie", _("tie"), "=", _("Both are equally good"), "0"),
            ("b1", _("slightly"), "+", _("B is slightly better"), "→"),
            ("b2", _("better"), "++", _("B is better"), "2"),
            ("b3", _("much"), "+++", _("B is much better"), "⇧2"),
        ]
    else:
        rows = [
            ("a", _("A is better"), "A", _("A is better"), "1"),
            ("tie", _("tie"), "=", _("Both are equally good"), "0"),
            ("b", _("B is better"), "B", _("B is better"), "2"),
        ]
    return [
        Step(value, label, symbol, spoken, key, is_chosen=answer.choice == value)
        for value, label, symbol, spoken, key in rows
        if value != "tie" or instrument.allows_ties
    ]


def _ratings_of(response: Response, answer: Answer, instrument: Instrument) -> list[Rating]:
    given = answer.ratings.get(response.pk, {})
    return [
        Rating(
            field=f"rating_{response.pk}_{attribute['name']}",
            label=attribute.get("label") or attribute["name"],
            values=range(int(attribute.get("lowest", 1)), int(attribute.get("highest", 5)) + 1),
            chosen=given.get(attribute["name"]),
        )
        for attribute in instrument.attributes
    ]


def _messages(content: str) -> list[Mapping[str, Any]]:
    try:
        messages = json.loads(content)
    except ValueError:
        messages = None
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        return [{"role": "assistant", "content": content}]
    return messages


def _text(content: Any) -> str:
    """A message's text; structured content is shown as JSON rather than hidden."""
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, indent=2)


def _name_and_label(flag: Any) -> tuple[str, str]:
    if isinstance(flag, Mapping):
        return str(flag["name"]), str(flag.get("label") or flag["name"])
    return str(flag), str(flag).replace("_", " ")
