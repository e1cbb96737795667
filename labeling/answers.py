"""What the workbench's form holds, between the page and a verdict.

One shape for a blank form, for an answer that must be mended, and for a judgment that was reopened; and the one place
where the buttons from A to B become a ranking and a strength.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.http import QueryDict
from django.utils.translation import gettext as _

from labeling.asked import best_part, places_asked, shape_of
from labeling.errors import InvalidVerdict
from labeling.models import Instrument, Judgment
from labeling.verdicts import MAX_DWELL_MS, Verdict, plain_text

A_CHOICES = {"a3": 3, "a2": 2, "a1": 1, "a0": 0, "a": None}
B_CHOICES = {"b0": 0, "b1": 1, "b2": 2, "b3": 3, "b": None}
ALL_EQUAL = "tie"
Groups = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The state of the form.

    Attributes:
        client_id: made when the page was rendered, so that one answer sent twice is one judgment.
        choice: for a pair: `a3`, `a2`, `a1`, `a0`, `tie`, `b0`, `b1`, `b2`, `b3`, without a strength scale `a`, `tie`,
            `b`.
        ranks: {response id: place from 1}; equal places are a tie; a response without a place is not ranked (yet).
        ratings: {response id: {attribute name: value}}.
        written: the demonstration, or the best response improved.
    """

    client_id: str = field(default_factory=lambda: str(uuid4()))
    choice: str = ""
    ranks: Mapping[int, int] = field(default_factory=dict)
    all_bad: bool = False
    ratings: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    reason: str = ""
    written: str = ""
    dwell_ms: int | None = None


def answer_from_form(data: QueryDict, *, shown: Sequence[int], instrument: Instrument) -> Answer:
    """Read a submitted form; whatever cannot be read counts as not given."""
    client_id = _uuid(data.get("client_id", ""))
    return Answer(
        client_id=client_id or str(uuid4()),
        choice=data.get("choice", ""),
        ranks=_ranks(data, shown),
        all_bad=bool(data.get("all_bad")),
        ratings=_ratings(data, shown, instrument),
        flags=tuple(data.getlist("flags")),
        reason=plain_text(data.get("reason", "")).strip(),
        written=plain_text(data.get("written", "")),
        dwell_ms=_whole(data.get("dwell_ms"), highest=MAX_DWELL_MS),
    )


def answer_from_judgment(judgment: Judgment, *, shown: Sequence[int], instrument: Instrument) -> Answer:
    """Fill the form with the judgment that was reopened."""
    ranks: dict[int, int] = {}
    for group in judgment.ranking:
        place = len(ranks) + 1
        ranks |= dict.fromkeys(group, place)
    return Answer(
        choice=_choice(judgment, shown, instrument) if shape_of(instrument, len(shown)) == "pair" else "",
        ranks=ranks,
        all_bad=judgment.all_bad,
        ratings={int(response): values for response, values in judgment.ratings.items()},
        flags=tuple(judgment.flags),
        reason=judgment.reason,
        written=judgment.written.content if judgment.written else "",
    )


def verdict_of(answer: Answer, *, shown: Sequence[int], instrument: Instrument) -> Verdict:
    """Turn the form into a verdict. Raises: InvalidVerdict with a sentence that says what is missing."""
    ranking: Groups = ()
    strength = None
    match shape_of(instrument, len(shown)):
        case "pair":
            ranking, strength = _pair(answer, shown)
        case "ranking":
            ranking = _groups(answer, shown, places_asked(instrument, len(shown)))
        case "best":
            ranking = _best(answer, shown)
    return Verdict(
        ranking=ranking,
        strength=strength,
        all_bad=answer.all_bad,
        ratings=answer.ratings,
        flags=answer.flags,
        reason=answer.reason,
        written=answer.written,
        dwell_ms=answer.dwell_ms,
    )


def _pair(answer: Answer, shown: Sequence[int]) -> tuple[Groups, int | None]:
    a, b = shown
    if answer.choice in A_CHOICES:
        return ((a,), (b,)), A_CHOICES[answer.choice]
    if answer.choice in B_CHOICES:
        return ((b,), (a,)), B_CHOICES[answer.choice]
    if answer.choice == "tie":
        return (tuple(sorted((a, b))),), None
    if answer.all_bad:
        return (), None
    raise InvalidVerdict(
        _("Choose which response is better, or a tie, before you submit."), fields={"choice": "missing"}
    )


def _best(answer: Answer, shown: Sequence[int]) -> Groups:
    if answer.ranks:
        return (tuple(sorted(answer.ranks)),)
    if answer.all_bad:
        return ()
    raise InvalidVerdict(_("Choose the best response before you submit."), fields={"best": "missing"})


def _groups(answer: Answer, shown: Sequence[int], places: int | None) -> Groups:
    if answer.all_bad and not answer.ranks:
        return ()
    missing = [response for response in shown if response not in answer.ranks]
    if places is not None and len(answer.ranks) < places:
        raise InvalidVerdict(
            _("Give the best %(places)d responses a place. %(missing)d more to go.")
            % {"places": places, "missing": places - len(answer.ranks)},
            fields={"ranking": missing},
        )
    if places is None and missing:
        raise InvalidVerdict(
            _("Give each of the %(count)d responses a place. %(missing)d have none yet.")
            % {"count": len(shown), "missing": len(missing)},
            fields={"ranking": missing},
        )
    order = sorted(set(answer.ranks.values()))
    return best_part([sorted(r for r in answer.ranks if answer.ranks[r] == place) for place in order], places)


def _ranks(data: QueryDict, shown: Sequence[int]) -> dict[int, int]:
    """The places given, one select a response; or the one response chosen as the best, which has the first."""
    best = data.get("best", "")
    if best == ALL_EQUAL:
        return dict.fromkeys(shown, 1)
    if _whole(best, highest=10**12) in shown:
        return {int(best): 1}
    return {response: rank for response in shown if (rank := _whole(data.get(f"rank_{response}"))) is not None}


def _choice(judgment: Judgment, shown: Sequence[int], instrument: Instrument) -> str:
    if not judgment.ranking:
        return ""
    if len(judgment.ranking) == 1:
        return "tie"
    side = "a" if judgment.ranking[0] == [shown[0]] else "b"
    if not instrument.asks_strength:
        return side
    least = 0 if instrument.strength_steps == 4 else 1
    return f"{side}{2 if judgment.strength is None else max(judgment.strength, least)}"


def _ratings(data: QueryDict, shown: Sequence[int], instrument: Instrument) -> dict[int, dict[str, float]]:
    ratings: dict[int, dict[str, float]] = {}
    for response in shown:
        for attribute in instrument.attributes:
            value = _whole(data.get(f"rating_{response}_{attribute['name']}"))
            if value is not None:
                ratings.setdefault(response, {})[attribute["name"]] = value
    return ratings


def _whole(text: str | None, *, highest: int = 10_000) -> int | None:
    if not text or not text.isascii() or not text.isdigit() or len(text) > 12:
        return None
    return min(int(text), highest)


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""
