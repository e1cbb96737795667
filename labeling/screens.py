"""What the workbench shows, ready for the template: turns of the prompt, cards, the scale, the state of the form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from labeling.answers import ALL_EQUAL, Answer
from labeling.asked import Shape, as_read, places_asked, shape_of
from labeling.cards import Card, Turn, card_of, fold, turns_of_prompt
from labeling.documents import Document, documents_of
from labeling.errors import InvalidVerdict
from labeling.models import Assignment, Instrument, Response
from labeling.queries import responses_as_shown
from labeling.verdicts import MAX_WRITTEN_CHARACTERS


@dataclass(frozen=True)
class Step:
    """One button of the scale from A to B, or one of the responses to choose the best from."""

    value: str
    label: str
    symbol: str
    spoken: str
    key: str
    is_chosen: bool


@dataclass(frozen=True)
class Reason:
    """The field for the reason: what it says beside its label, and from which strength on it must be filled."""

    note: str
    required_from: int | None = None
    problem: str = ""


@dataclass(frozen=True)
class Writing:
    """The field for a text of the annotator's own.

    Attributes:
        begins_from: the response whose text it starts as, when there is only one; None for a blank page.
        is_improvement: it belongs to the response that is chosen, and is offered once one is.
    """

    text: str
    is_improvement: bool = False
    begins_from: Response | None = None
    problem: str = ""
    longest: int = MAX_WRITTEN_CHARACTERS


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Everything the comparison's half of the workbench needs."""

    assignment: Assignment
    instrument: Instrument
    answer: Answer
    shape: Shape
    earlier: Sequence[Turn]
    prompt: Sequence[Turn]
    documents: Sequence[Document]
    cards: Sequence[Card]
    steps: Sequence[Step] = ()
    flags: Sequence[Mapping[str, Any]] = field(default_factory=list)
    reason: Reason | None = None
    writing: Writing | None = None
    error: str = ""

    @property
    def is_pair(self) -> bool:
        return self.shape == "pair"

    @property
    def places_asked(self) -> int | None:
        """How many places a partial ranking asks for; None for a whole one."""
        return places_asked(self.instrument, len(self.cards))

    @property
    def places(self) -> range:
        return range(1, (self.places_asked or len(self.cards)) + 1)

    @property
    def offers_all_bad(self) -> bool:
        return self.instrument.allows_all_bad and self.shape in ("pair", "ranking", "best")


def build_screen(assignment: Assignment, answer: Answer, problem: InvalidVerdict | None = None) -> Screen:
    """Put together what an annotator may see of a leased comparison: no policy, no score, no one else's answer.

    Args:
        problem: why the answer was refused, shown beside the field at fault.
    """
    return screen_of(
        assignment,
        responses_as_shown(assignment),
        instrument=assignment.project.instrument,
        answer=answer,
        problem=problem,
    )


def screen_of(
    assignment: Assignment,
    responses: Sequence[Response],
    *,
    instrument: Instrument,
    answer: Answer,
    problem: InvalidVerdict | None = None,
) -> Screen:
    """The screen of these responses under this instrument, stored or not."""
    prompt = assignment.comparison.prompt
    shape = shape_of(instrument, len(responses))
    at_fault = problem.fields if problem else {}
    earlier, later = fold(turns_of_prompt(prompt))
    cards = [
        card_of(response, index, answer=answer, instrument=instrument, marks_missing="ratings" in at_fault)
        for index, response in enumerate(responses)
    ]
    return Screen(
        assignment=assignment,
        instrument=instrument,
        answer=answer,
        shape=shape,
        earlier=earlier,
        prompt=later,
        documents=documents_of(prompt),
        cards=cards,
        steps=_steps(shape, instrument, answer, cards),
        flags=[
            {"name": name, "label": label, "is_chosen": name in answer.flags}
            for name, label in map(name_and_label, instrument.flags)
        ],
        reason=_reason(instrument, shape, str(problem) if problem and "reason" in at_fault else ""),
        writing=_writing(
            instrument, shape, answer, responses, str(problem) if problem and "written" in at_fault else ""
        ),
        error=str(problem) if problem else "",
    )


def _steps(shape: Shape, instrument: Instrument, answer: Answer, cards: Sequence[Card]) -> list[Step]:
    if shape == "pair":
        return _scale(instrument, answer)
    return _candidates(instrument, answer, cards) if shape == "best" else []


def _scale(instrument: Instrument, answer: Answer) -> list[Step]:
    """The symmetrical scale: strength grows towards both ends, a tie stands in the middle if ties are allowed."""
    tie = ("tie", _("tie"), "=", _("Both are equally good"), "0")
    if not instrument.asks_strength:
        rows = [
            ("a", _("A is better"), "A", _("A is better"), "1"),
            tie,
            ("b", _("B is better"), "B", _("B is better"), "2"),
        ]
    else:
        strong = [
            ("a3", _("much"), "+++", _("A is much better"), "⇧1"),
            ("a2", _("better"), "++", _("A is better"), "1"),
        ]
        weak = [("b2", _("better"), "++", _("B is better"), "2"), ("b3", _("much"), "+++", _("B is much better"), "⇧2")]
        a1 = ("a1", _("slightly"), "+", _("A is slightly better"))
        b1 = ("b1", _("slightly"), "+", _("B is slightly better"))
        if instrument.strength_steps == 4:
            a0 = ("a0", _("barely"), "±", _("A is barely better, or I am unsure"), "←")
            b0 = ("b0", _("barely"), "±", _("B is barely better, or I am unsure"), "→")
            rows = [*strong, (*a1, ""), a0, tie, b0, (*b1, ""), *weak]
        else:
            rows = [*strong, (*a1, "←"), tie, (*b1, "→"), *weak]
    return [
        Step(value, label, symbol, spoken, key, is_chosen=answer.choice == value)
        for value, label, symbol, spoken, key in rows
        if value != "tie" or instrument.allows_ties
    ]


def _candidates(instrument: Instrument, answer: Answer, cards: Sequence[Card]) -> list[Step]:
    """One button for each response; a tie of all of them stands at the end if ties are allowed."""
    best = list(answer.ranks)
    steps = [
        Step(
            value=str(card.response.pk),
            label=card.letter,
            symbol=card.letter,
            spoken=_("Response %(letter)s is the best") % {"letter": card.letter},
            key=str(card.number) if card.number < 10 else "",
            is_chosen=best == [card.response.pk],
        )
        for card in cards
    ]
    if instrument.allows_ties:
        is_chosen = len(best) == len(cards)
        steps.append(Step(ALL_EQUAL, _("all equal"), "=", _("All are equally good"), "0", is_chosen))
    return steps


def _reason(instrument: Instrument, shape: Shape, problem: str) -> Reason | None:
    required_from = instrument.reason_from_strength
    if required_from is None:
        return Reason(_("if you like"), problem=problem) if instrument.asks_reason else None
    if required_from == 0:
        return Reason(_("required"), 0, problem)
    if shape != "pair" or not instrument.asks_strength:
        return Reason(_("if you like"), problem=problem)
    notes = {
        1: _("required from “slightly” on"),
        2: _("required from “better” on"),
        3: _("required for “much”"),
    }
    return Reason(notes[required_from], required_from, problem)


def _writing(
    instrument: Instrument, shape: Shape, answer: Answer, responses: Sequence[Response], problem: str
) -> Writing | None:
    if shape == "demonstration":
        only = responses[0] if len(responses) == 1 and responses[0].kind == Response.Kind.TEXT else None
        return Writing(answer.written or (only.content if only else ""), begins_from=only, problem=problem)
    if instrument.asks_improvement and shape in ("pair", "ranking", "best"):
        return Writing(answer.written, is_improvement=True, problem=problem)
    return None


def name_and_label(flag: Any) -> tuple[str, str]:
    """What a flag is stored as, and what people read; a flag may be a name alone."""
    if isinstance(flag, Mapping):
        return str(flag["name"]), as_read(str(flag.get("label") or flag["name"]))
    return str(flag), str(flag).replace("_", " ")
