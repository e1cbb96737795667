"""What somebody asks to freeze: which verdicts, how split, how read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot
from preferences.pairs import PairRules
from preferences.splits import check_fractions

REVIEW_RULES = {"adjudication": ("replaces", "beside", "ignore"), "returned": ("drop", "keep")}


@dataclass(frozen=True, kw_only=True)
class SnapshotRequest:
    """What goes into a snapshot. Only verdicts that stand are taken: corrected and withdrawn ones are dropped.

    Attributes:
        exclude_imported, exclude_simulated: leave out what no person judged here.
        exclude_annotators: pseudonyms whose verdicts are left out.
        since, until: verdicts given in this span, both ends included; a verdict stands if it stood at `until`.
        adjudication: whether a reviewer's own verdict `replaces` the others on its comparison, stands `beside` them as
            one more, or is left out (`ignore`).
        returned: whether a verdict that a reviewer returned and nobody has redone is left out (`drop`) or `keep`t.
        include_unjudged: keep comparisons without a verdict too, for export of their responses.
        seed, validation, test: how prompts are split, as fractions of all prompts.
        rules: how readers derive pairs.
        name: for people; no part of the content.
    """

    exclude_imported: bool = False
    exclude_simulated: bool = False
    exclude_annotators: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    adjudication: str = "replaces"
    returned: str = "drop"
    include_unjudged: bool = False
    seed: int = 0
    validation: float = 0.1
    test: float = 0.1
    rules: PairRules = field(default_factory=PairRules)
    name: str = ""

    def __post_init__(self) -> None:
        try:
            check_fractions(validation=self.validation, test=self.test)
        except ValueError:
            raise InvalidSnapshot(
                _("Validation and test are fractions between 0 and 1 that leave room for each other."),
                fields={"validation": self.validation, "test": self.test},
            ) from None
        for name, allowed in REVIEW_RULES.items():
            if getattr(self, name) not in allowed:
                raise InvalidSnapshot(
                    _("“%(value)s” is no rule for “%(name)s”. There are: %(rules)s.")
                    % {"value": getattr(self, name), "name": name, "rules": ", ".join(allowed)},
                    fields={name: getattr(self, name)},
                )
        if self.since and self.until and self.since > self.until:
            raise InvalidSnapshot(_("The span ends before it begins."), fields={"until": self.until.isoformat()})

    def filters(self) -> dict[str, Any]:
        """What was asked to be left out, as the manifest tells it."""
        return {
            "exclude_imported": self.exclude_imported,
            "exclude_simulated": self.exclude_simulated,
            "exclude_annotators": sorted(self.exclude_annotators),
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "include_unjudged": self.include_unjudged,
            "adjudication": self.adjudication,
            "returned": self.returned,
        }

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), **self.filters()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SnapshotRequest":
        """Read what `to_dict` wrote, from a run's config. Raises: InvalidSnapshot."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("since", "until"):
            if isinstance(known.get(name), str):
                known[name] = datetime.fromisoformat(known[name])
        known["exclude_annotators"] = tuple(known.get("exclude_annotators", ()))
        known["rules"] = pair_rules(known.get("rules", {}))
        return cls(**known)


def pair_rules(values: Mapping[str, Any], base: PairRules | None = None) -> PairRules:
    """Read pair rules that a person gave, on top of others. Raises: InvalidSnapshot, naming what does not exist."""
    try:
        return PairRules.from_dict({**(base or PairRules()).to_dict(), **values})
    except ValueError as error:
        raise InvalidSnapshot(str(error), fields=dict(values)) from None
