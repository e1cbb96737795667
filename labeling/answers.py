"""What the workbench's form holds, between the page and a verdict.

One shape for a blank form, for an answer that must be mended, and for a judgment that was reopened; and the one place
where the seven buttons from A to B become a ranking and a strength.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from django.http import QueryDict
from django.utils.translation import gettext as _

from labeling.errors import InvalidVerdict
from labeling.models import Instrument, Judgment
from labeling.verdicts import MAX_DWELL_MS, Verdict

A_CHOICES = {"a3": 3, "a2": 2, "a1": 1, "a": None}
B_CHOICES = {"b1": 1, "b2": 2, "b3": 3, "b": None}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The state of the form.

    Attributes:
        client_id: made when the page was rendered, so that one answer sent twice is one judgment.
        choice: for a pair: `a3`, `a2`, `a1`, `tie`, `b1`, `b2`, `b3`, without a strength scale `a`, `tie`, `b`.
        ranks: {response id: place from 1}; equal places are a tie; a response without a place is not ranked yet.
        ratings: {response id: {attribute name: value}}.
    """

    client_id: str = field(default_factory=lambda: str(uuid4()))
    choice: str = ""
    ranks: Mapping[int, int] = field(default_factory=dict)
    all_bad: bool = False
    ratings: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    reason: str = ""
    dwell_ms: int | None = None


def answer_from_form(data: QueryDict, *, shown: Sequence[int], instrument: Instrument) -> Answer:
    """Read a submitted form; whatever cannot be read counts as not given."""
    client_id = _uuid(data.get("client_id", ""))
    return Answer(
        client_id=client_id or str(uuid4()),
        choice=data.get("choice", ""),
        ranks={response: rank for response in shown if (rank := _whole(data.get(f"rank_{response}"))) is not None},
        all_bad=bool(data.get("all_bad")),
        ratings=_ratings(data, shown, instrument),
        flags=tuple(data.getlist("flags")),
        reason=data.get("reason", "").replace("\r\n", "\n").replace("\x00", "").strip(),
        dwell_ms=_whole(data.get("dwell_ms"), highest=MAX_DWELL_MS),
    )


def answer_from_judgment(judgment: Judgment, *, shown: Sequence[int], instrument: Instrument) -> Answer:
    """Fill the form with the judgment that was reopened."""
    ranks: dict[int, int] = {}
    for group in judgment.ranking:
        place = len(ranks) + 1
        ranks |= dict.fromkeys(group, place)
    return Answer(
        choice=_choice(judgment, shown, instrument) if len(shown) == 2 else "",
        ranks=ranks,
        all_bad=judgment.all_bad,
        ratings={int(response): values for response, values in judgment.ratings.items()},
        flags=tuple(judgment.flags),
        reason=judgment.reason,
    )


def verdict_of(answer: Answer, *, shown: Sequence[int]) -> Verdict:
    """Turn the form into a verdict. Raises: InvalidVerdict with a sentence that says what is missing."""
    ranking, strength = _pair(answer, shown) if len(shown) == 2 else (_groups(answer, shown), None)
    return Verdict(
        ranking=ranking,
        strength=strength,
        all_bad=answer.all_bad,
        ratings=answer.ratings,
        flags=answer.flags,
        reason=answer.reason,
        dwell_ms=answer.dwell_ms,
    )


def _pair(answer: Answer, shown: Sequence[int]) -> tuple[tuple[tuple[int, ...], ...], int | None]:
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


def _groups(answer: Answer, shown: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    if answer.all_bad and not answer.ranks:
        return ()
    missing = [response for response in shown if response not in answer.ranks]
    if missing:
        raise InvalidVerdict(
            _("Give each of the %(count)d responses a place. %(missing)d have none yet.")
            % {"count": len(shown), "missing": len(missing)},
            fields={"ranking": missing},
        )
    places = sorted(set(answer.ranks.values()))
    return tuple(tuple(sorted(r for r in shown if answer.ranks[r] == place)) for place in places)


def _choice(judgment: Judgment, shown: Sequence[int], instrument: Instrument) -> str:
    if not judgment.ranking:
        return ""
    if len(judgment.ranking) == 1:
        return "tie"
    side = "a" if judgment.ranking[0] == [shown[0]] else "b"
    if not instrument.asks_strength:
        return side
    return f"{side}{2 if judgment.strength is None else max(judgment.strength, 1)}"


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
