"""What somebody asks of a leaderboard: whose verdicts on what, and by which method."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from labeling.errors import InvalidLeaderboard

# The first of each is what a project shows unasked.
CHOICES: dict[str, tuple[str, ...]] = {
    "method": ("davidson", "half", "rao-kupper", "plackett-luce", "elo"),
    "weight": ("unit", "judgment", "pair"),
    "adjudication": ("ignore", "replaces", "beside"),
}


@dataclass(frozen=True, kw_only=True)
class LeaderboardRequest:
    """Verdicts that stand, by default those that people gave here as their work.

    Attributes:
        method: Bradley–Terry with ties by `davidson`, as `half` a win each or by `rao-kupper`; `plackett-luce` of whole
            rankings; `elo`, the mean over shuffled orders.
        weight: see `labeling.stats.outcomes.outcomes_of`; a unit is a prompt. Plackett–Luce weighs prompts always.
        equal_style: fit the strengths at equal length and Markdown too.
        imported, simulated: take these verdicts as well.
        adjudication: whether a reviewer's own verdict is left out (`ignore`), `replaces` the others on its comparison
            or stands `beside` them.
        topic, domain, language: only prompts and comparisons that carry this word; "" for all.
        since, until: verdicts given in this span, both ends included.
        annotators: pseudonyms whose verdicts alone are taken; all by default.
        exclude_annotators: pseudonyms whose verdicts are left out.
    """

    method: str = CHOICES["method"][0]
    weight: str = CHOICES["weight"][0]
    equal_style: bool = False
    imported: bool = False
    simulated: bool = False
    adjudication: str = CHOICES["adjudication"][0]
    topic: str = ""
    domain: str = ""
    language: str = ""
    since: datetime | None = None
    until: datetime | None = None
    annotators: tuple[str, ...] = ()
    exclude_annotators: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InvalidLeaderboard(
                    _("“%(value)s” is no choice for “%(name)s”. There are: %(choices)s.")
                    % {"value": getattr(self, name), "name": name, "choices": ", ".join(allowed)},
                    fields={name: getattr(self, name)},
                )
        if self.since and self.until and self.since > self.until:
            raise InvalidLeaderboard(_("The span ends before it begins."), fields={"until": self.until.isoformat()})

    def to_dict(self) -> dict[str, Any]:
        """As JSON, the same for the same request."""
        return {
            **asdict(self),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "annotators": sorted(self.annotators),
            "exclude_annotators": sorted(self.exclude_annotators),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "LeaderboardRequest":
        """Read what `to_dict` wrote. Raises: InvalidLeaderboard."""
        known = {field.name: values[field.name] for field in fields(cls) if field.name in values}
        for name in ("since", "until"):
            if isinstance(known.get(name), str):
                known[name] = datetime.fromisoformat(known[name])
        for name in ("annotators", "exclude_annotators"):
            known[name] = tuple(known.get(name, ()))
        return cls(**known)
