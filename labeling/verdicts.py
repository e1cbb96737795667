"""A verdict as a person gives it, before it is stored: what it holds and whether it fits the comparison."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from labeling.errors import InvalidVerdict
from labeling.models import Instrument
from preferences.hashing import canonical_json

MAX_REASON_CHARACTERS = 20_000
MAX_FLAGS = 20
MAX_FLAG_CHARACTERS = 60
MAX_DWELL_MS = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """An ordered list of tie groups of response ids, best first, and what else the instrument asked.

    Attributes:
        ranking: every response of the comparison exactly once; empty only together with `all_bad`.
        strength: 0 (negligible) to 3 (much better), or None when not asked.
        all_bad: no response is acceptable.
        ratings: {response id: {attribute name: value}}.
        dwell_ms: how long the annotator looked, in milliseconds of active time.
    """

    ranking: tuple[tuple[int, ...], ...] = ()
    strength: int | None = None
    all_bad: bool = False
    ratings: Mapping[int, Mapping[str, float]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    reason: str = ""
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
            dwell_ms=payload.get("dwell_ms"),
        )

    def fingerprint(self) -> str:
        """Hash what was judged, leaving out how long it took: equal for a verdict that is sent again."""
        content = {
            "ranking": self.ranking,
            "strength": self.strength,
            "all_bad": self.all_bad,
            "ratings": self.ratings,
            "flags": self.flags,
            "reason": self.reason,
        }
        return hashlib.sha256(canonical_json(content)).hexdigest()


def check_verdict(verdict: Verdict, *, responses: Iterable[int], instrument: Instrument) -> None:
    """Refuse a verdict that does not fit what was shown and asked.

    Raises: InvalidVerdict with a sentence that says what to mend.
    """
    shown = set(responses)
    ranked = [response for group in verdict.ranking for response in group]
    if verdict.all_bad and not instrument.allows_all_bad:
        raise InvalidVerdict(_("This project does not offer “all bad”."), fields={"all_bad": "not offered"})
    if any(not group for group in verdict.ranking):
        raise InvalidVerdict(_("A tie group is empty. Leave it out."), fields={"ranking": "empty group"})
    if not (verdict.all_bad and not ranked) and (set(ranked) != shown or len(ranked) != len(shown)):
        raise InvalidVerdict(
            _("Rank each of the %(count)d responses exactly once.") % {"count": len(shown)},
            fields={"ranking": sorted(shown)},
        )
    is_tied = any(len(group) > 1 for group in verdict.ranking)
    if is_tied and not instrument.allows_ties:
        raise InvalidVerdict(_("This project does not allow ties."), fields={"ranking": "tie"})
    _check_strength(verdict.strength)
    _check_ratings(verdict.ratings, shown, instrument)
    _check_extras(verdict)


def _check_strength(strength: int | None) -> None:
    is_whole = isinstance(strength, int) and not isinstance(strength, bool)
    if strength is not None and not (is_whole and 0 <= strength <= 3):
        raise InvalidVerdict(_("Strength is a whole number from 0 to 3."), fields={"strength": strength})


def _check_ratings(ratings: Mapping[int, Mapping[str, float]], shown: set[int], instrument: Instrument) -> None:
    bounds = {
        attribute["name"]: (attribute.get("lowest", 1), attribute.get("highest", 5))
        for attribute in instrument.attributes
    }
    for response, values in ratings.items():
        if response not in shown:
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


def _check_extras(verdict: Verdict) -> None:
    if len(verdict.reason) > MAX_REASON_CHARACTERS:
        raise InvalidVerdict(
            _("The reason is longer than %(limit)d characters. Shorten it.") % {"limit": MAX_REASON_CHARACTERS},
            fields={"reason": "too long"},
        )
    if len(verdict.flags) > MAX_FLAGS or any(len(flag) > MAX_FLAG_CHARACTERS for flag in verdict.flags):
        raise InvalidVerdict(_("Send at most 20 flags of at most 60 characters."), fields={"flags": "too many"})
    dwell = verdict.dwell_ms
    is_whole = isinstance(dwell, int) and not isinstance(dwell, bool)
    if dwell is not None and not (is_whole and 0 <= dwell <= MAX_DWELL_MS):
        raise InvalidVerdict(
            _("“dwell_ms” is a whole number of milliseconds, at most one day."), fields={"dwell_ms": "range"}
        )
