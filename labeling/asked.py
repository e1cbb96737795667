"""What an instrument asks of a comparison with K responses: which form, how many places, which ratings."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from django.utils.translation import pgettext

from labeling.models import Instrument

Shape = Literal["pair", "ranking", "best", "rating", "demonstration"]
Kind = Instrument.Kind
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def letter_of(index: int) -> str:
    """What the response shown at this place, counted from 0, is called on the page."""
    return LETTERS[index] if index < len(LETTERS) else str(index + 1)


def shape_of(instrument: Instrument, k: int) -> Shape:
    """The form that K responses are shown with: two of them stand on a scale, whether pairs or rankings are asked."""
    if instrument.kind == Kind.DEMONSTRATION:
        return "demonstration"
    if instrument.kind == Kind.RATING:
        return "rating"
    if instrument.kind == Kind.RANKING and instrument.places_asked == 1:
        return "best"
    return "pair" if k == 2 else "ranking"


def places_asked(instrument: Instrument, k: int) -> int | None:
    """How many of the best K responses are put in order, the rest standing below; None when all of them are."""
    places = instrument.places_asked if instrument.kind == Kind.RANKING else None
    return places if places is not None and places < k else None


def best_part(ranking: Sequence[Sequence[int]], places: int | None) -> tuple[tuple[int, ...], ...]:
    """The part of a ranking that holds the best places; a tie that reaches into them is kept whole."""
    kept: list[tuple[int, ...]] = []
    for group in ranking:
        if places is not None and sum(map(len, kept)) >= places:
            break
        kept.append(tuple(group))
    return tuple(kept)


def single_best(ranking: Sequence[Sequence[int]]) -> int | None:
    """The one response that stands above all others, or None when several do or nothing was ranked."""
    return ranking[0][0] if ranking and len(ranking[0]) == 1 else None


def bounds_of(attribute: Mapping[str, Any]) -> tuple[int, int]:
    """The lowest and the highest value of an attribute; 1 to 5 unless it says otherwise."""
    return int(attribute.get("lowest", 1)), int(attribute.get("highest", 5))


def is_tick(attribute: Mapping[str, Any]) -> bool:
    """Whether an attribute is a box to tick: yes or no, and not ticked means no."""
    return bounds_of(attribute) == (0, 1)


def label_of(attribute: Mapping[str, Any]) -> str:
    return as_read(str(attribute.get("label") or attribute["name"]))


def as_read(label: str) -> str:
    """A stored label in the reader's language: the catalogue knows those of published protocols, others stay."""
    return pgettext("protocol", label) if label else ""


def required_ratings(instrument: Instrument) -> list[Mapping[str, Any]]:
    """The attributes that each response must be rated on."""
    if not (instrument.requires_ratings or instrument.kind == Kind.RATING):
        return []
    return [attribute for attribute in instrument.attributes if not is_tick(attribute)]


def reason_is_required(instrument: Instrument, strength: int | None) -> bool:
    """Whether a verdict of this strength needs a reason; from 0 on, every verdict does, ties and rankings too."""
    least = instrument.reason_from_strength
    return least is not None and (least == 0 or (strength is not None and strength >= least))
