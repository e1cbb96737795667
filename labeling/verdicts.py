"""A verdict as a person gives it, before it is stored: what it holds and whether it fits the comparison."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from labeling.asked import (
    Kind,
    bounds_of,
    label_of,
    letter_of,
    places_asked,
    reason_is_required,
    required_ratings,
    single_best,
)
from labeling.errors import InvalidVerdict
from labeling.models import Instrument
from preferences.errors import InvalidText
from preferences.hashing import canonical_json
from preferences.text import check_text

MAX_REASON_CHARACTERS = 20_000
MAX_WRITTEN_CHARACTERS = 100_000
MAX_FLAGS = 20
MAX_FLAG_CHARACTERS = 60
MAX_DWELL_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An ordered list of tie groups of response ids, best first, and what else the instrument asked.

    Attributes:
        ranking: every response of the comparison exactly once, or the best of them where the instrument asks for so
            many places; empty together with `all_bad`, and where nothing is compared.
        strength: 0 (negligible) to 3 (much better), or None when not asked.
        all_bad: no response is acceptable.
        ratings: {response id: {attribute name: value}}.
        written: the demonstration asked for, or the best response improved; "" for none.
        dwell_ms: how long the annotator looked, in milliseconds of active time.
    """

    ranking: tuple[tuple[int, ...], ...] = ()
    strength: int | None = None
    all_bad: bool = False
    ratings: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    reason: str = ""
    written: str = ""
    dwell_ms: int | None = None

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "Verdict":
        """Read the JSON shape that the API promises; ids may be numbers or digits.

        Raises: InvalidVerdict naming the field that cannot be read.
        """
        try:
            ranking = tuple(tuple(int(response) for response in group) for group in payload.get("ranking") or ())
        except (TypeError, ValueError):
            raise InvalidVerdict(
                _("Send “ranking” as a list of lists of response ids, best first."), fields={"ranking": "shape"}
            ) from None
        try:
            ratings = {
                int(response): {str(name): float(value) for name, value in values.items()}
                for response, values in (payload.get("ratings") or {}).items()
            }
        except (AttributeError, TypeError, ValueError):
            raise InvalidVerdict(
                _("Send “ratings” as {response id: {attribute: number}}."), fields={"ratings": "shape"}
            ) from None
        return cls(
            ranking=ranking,
            strength=payload.get("strength"),
            all_bad=bool(payload.get("all_bad", False)),
            ratings=ratings,
            flags=tuple(str(flag) for flag in payload.get("flags") or ()),
            reason=str(payload.get("reason") or "").replace("\x00", ""),
            written=plain_text(str(payload.get("written") or "")),
            dwell_ms=payload.get("dwell_ms"),
        )

    def fingerprint(self) -> str:
        """Hash what was judged, leaving out how long it took: equal for a verdict that is sent again."""
        content: dict[str, Any] = {
            "ranking": self.ranking,
            "strength": self.strength,
            "all_bad": self.all_bad,
            "ratings": self.ratings,
            "flags": self.flags,
            "reason": self.reason,
        }
        if self.written:
            content["written"] = self.written
        return hashlib.sha256(canonical_json(content)).hexdigest()


def plain_text(text: str) -> str:
    """A text as it is kept: one kind of line end, no NUL, nothing but blank lines before or after it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip("\n").rstrip()


def check_verdict(verdict: Verdict, *, responses: Sequence[int], instrument: Instrument) -> None:
    """Refuse a verdict that does not fit what was shown and asked; the page and the API go by this alone.

    Args:
        responses: what was shown, in the order shown: sentences call them A, B, C.

    Raises: InvalidVerdict with a sentence that says what to mend; `fields` names where.
    """
    if instrument.kind in (Kind.RATING, Kind.DEMONSTRATION):
        _check_nothing_is_ranked(verdict, instrument)
    else:
        _check_ranking(verdict, set(responses), instrument)
    _check_strength(verdict.strength)
    _check_ratings(verdict.ratings, responses, instrument)
    _check_reason(verdict, instrument)
    _check_written(verdict, instrument)
    _check_extras(verdict)


def _check_nothing_is_ranked(verdict: Verdict, instrument: Instrument) -> None:
    if not (verdict.ranking or verdict.all_bad):
        return
    sentence = (
        _("This project asks for ratings alone. Leave “ranking” and “all_bad” out.")
        if instrument.kind == Kind.RATING
        else _("This project asks for a written answer. Send “written”, and leave “ranking” and “all_bad” out.")
    )
    raise InvalidVerdict(sentence, fields={"ranking": "not asked"})


def _check_ranking(verdict: Verdict, shown: set[int], instrument: Instrument) -> None:
    ranked = [response for group in verdict.ranking for response in group]
    if verdict.all_bad and not instrument.allows_all_bad:
        raise InvalidVerdict(_("This project does not offer “all bad”."), fields={"all_bad": "not offered"})
    if any(not group for group in verdict.ranking):
        raise InvalidVerdict(_("A tie group is empty. Leave it out."), fields={"ranking": "empty group"})
    if verdict.all_bad and not ranked:
        return
    places = places_asked(instrument, len(shown))
    if places is not None:
        _check_best_places(verdict.ranking, shown, places)
    elif set(ranked) != shown or len(ranked) != len(shown):
        raise InvalidVerdict(
            _("Rank each of the %(count)d responses exactly once.") % {"count": len(shown)},
            fields={"ranking": sorted(shown)},
        )
    if any(len(group) > 1 for group in verdict.ranking) and not instrument.allows_ties:
        raise InvalidVerdict(_("This project does not allow ties."), fields={"ranking": "tie"})


def _check_best_places(ranking: tuple[tuple[int, ...], ...], shown: set[int], places: int) -> None:
    """Whether a ranking names the best `places` responses and no more, but for a tie in the last of those places."""
    ranked = [response for group in ranking for response in group]
    above_last = len(ranked) - len(ranking[-1]) if ranking else 0
    if len(set(ranked)) != len(ranked) or not set(ranked) <= shown or not above_last < places <= len(ranked):
        sentence = (
            _("Choose the best response and leave the others out.")
            if places == 1
            else _("Put the best %(places)d responses in order and leave the others out.") % {"places": places}
        )
        raise InvalidVerdict(sentence, fields={"ranking": sorted(shown)})


def _check_strength(strength: int | None) -> None:
    is_whole = isinstance(strength, int) and not isinstance(strength, bool)
    if strength is not None and not (is_whole and 0 <= strength <= 3):
        raise InvalidVerdict(_("Strength is a whole number from 0 to 3."), fields={"strength": strength})


def _check_ratings(
    ratings: Mapping[int, Mapping[str, float]], responses: Sequence[int], instrument: Instrument
) -> None:
    bounds = {attribute["name"]: bounds_of(attribute) for attribute in instrument.attributes}
    for response, values in ratings.items():
        if response not in responses:
            raise InvalidVerdict(
                _("Response %(id)d is not part of this comparison.") % {"id": response}, fields={"ratings": response}
            )
        for name, value in values.items():
            if name not in bounds:
                raise InvalidVerdict(
                    _("This project does not rate “%(name)s”.") % {"name": name}, fields={"ratings": name}
                )
            lowest, highest = bounds[name]
            if not lowest <= value <= highest:
                raise InvalidVerdict(
                    _("Rate “%(name)s” from %(lowest)s to %(highest)s.")
                    % {"name": name, "lowest": lowest, "highest": highest},
                    fields={"ratings": name},
                )
    missing = _missing_ratings(ratings, responses, instrument)
    if missing:
        raise InvalidVerdict(
            _("Rate every response before you submit. Missing: %(missing)s.") % {"missing": "; ".join(missing)},
            fields={"ratings": "missing"},
        )


def _missing_ratings(
    ratings: Mapping[int, Mapping[str, float]], responses: Sequence[int], instrument: Instrument
) -> list[str]:
    """What has no rating yet, as people say it: `Helpfulness (A, B)`."""
    missing = []
    for attribute in required_ratings(instrument):
        letters = [
            letter_of(index)
            for index, response in enumerate(responses)
            if attribute["name"] not in ratings.get(response, {})
        ]
        if letters:
            missing.append(f"{label_of(attribute)} ({', '.join(letters)})")
    return missing


def _check_reason(verdict: Verdict, instrument: Instrument) -> None:
    if not verdict.reason.strip() and reason_is_required(instrument, verdict.strength):
        raise InvalidVerdict(_("Write your reason before you submit."), fields={"reason": "missing"})
    if len(verdict.reason) > MAX_REASON_CHARACTERS:
        raise InvalidVerdict(
            _("The reason is longer than %(limit)d characters. Shorten it.") % {"limit": MAX_REASON_CHARACTERS},
            fields={"reason": "too long"},
        )


def _check_written(verdict: Verdict, instrument: Instrument) -> None:
    if instrument.kind == Kind.DEMONSTRATION:
        if not verdict.written:
            raise InvalidVerdict(_("Write the answer before you submit."), fields={"written": "missing"})
    elif verdict.written:
        if not instrument.asks_improvement:
            raise InvalidVerdict(_("This project does not ask for a written answer."), fields={"written": "not asked"})
        if single_best(verdict.ranking) is None:
            raise InvalidVerdict(
                _("Choose the one response that your improved text begins from, or clear the text."),
                fields={"written": "no best response"},
            )
    if len(verdict.written) > MAX_WRITTEN_CHARACTERS:
        raise InvalidVerdict(
            _("The text is longer than %(limit)d characters. Shorten it.") % {"limit": MAX_WRITTEN_CHARACTERS},
            fields={"written": "too long"},
        )
    try:
        check_text(verdict.written)
    except InvalidText:
        raise InvalidVerdict(
            _("The text holds a broken character. Write it again."), fields={"written": "bad text"}
        ) from None


def _check_extras(verdict: Verdict) -> None:
    if len(verdict.flags) > MAX_FLAGS or any(len(flag) > MAX_FLAG_CHARACTERS for flag in verdict.flags):
        raise InvalidVerdict(_("Send at most 20 flags of at most 60 characters."), fields={"flags": "too many"})
    dwell = verdict.dwell_ms
    is_whole = isinstance(dwell, int) and not isinstance(dwell, bool)
    if dwell is not None and not (is_whole and 0 <= dwell <= MAX_DWELL_MS):
        raise InvalidVerdict(
            _("“dwell_ms” is a whole number of milliseconds, at most one day."), fields={"dwell_ms": "range"}
        )
