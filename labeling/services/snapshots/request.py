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
BENCHMARK_RULES = {"benchmark_overlap": ("count", "drop")}
SHARES = ("least_gold_agreement", "least_agreement")
LISTS = ("only_annotators", "exclude_annotators", "only_policies", "exclude_policies", "guideline_versions")


@dataclass(frozen=True, kw_only=True)
class SnapshotRequest:
    """What goes into a snapshot. Only verdicts that stand are taken: corrected and withdrawn ones are dropped.

    Attributes:
        exclude_imported, exclude_simulated: leave out what no person judged here.
        only_annotators, exclude_annotators: pseudonyms whose verdicts alone are taken (none: everybody's), or left out.
        only_policies, exclude_policies: names of policies whose responses alone are taken (none: all), or left out. A
            comparison stays if at least two of its responses do, and stands between these.
        guideline_versions: numbers of the guidelines that verdicts were given under; none: any.
        least_gold_agreement: 0 to 1; leaves out annotators whose agreement with gold answers may well be lower: the
            lower end of its 95 % interval is. Who has fewer than five gold answers is left out as well.
        least_agreement: 0 to 1; leaves out comparisons whose verdicts agree less, or of which only one says something.
        exclude_suspicious: leave out verdicts that carry a sign of haste or carelessness and that no reviewer accepted.
        since, until: verdicts given in this span, both ends included; a verdict stands if it stood at `until`.
        adjudication: whether a reviewer's own verdict `replaces` the others on its comparison, stands `beside` them as
            one more, or is left out (`ignore`).
        returned: whether a verdict that a reviewer returned and nobody has redone is left out (`drop`) or `keep`t.
        include_unjudged: keep comparisons without a verdict too, for export of their responses.
        benchmark: the sha256 of a kept file of benchmark prompts to look for; empty: none.
        benchmark_overlap: whether prompts that hold one of these are counted or left out (`drop`).
        seed, validation, test: how prompts are split, as fractions of all prompts.
        group_near_duplicates: put prompts that are nearly the same into one split; part of the identity.
        rules: how readers derive pairs.
        name: for people; no part of the content.
    """

    exclude_imported: bool = False
    exclude_simulated: bool = False
    only_annotators: tuple[str, ...] = ()
    exclude_annotators: tuple[str, ...] = ()
    only_policies: tuple[str, ...] = ()
    exclude_policies: tuple[str, ...] = ()
    guideline_versions: tuple[int, ...] = ()
    least_gold_agreement: float | None = None
    least_agreement: float | None = None
    exclude_suspicious: bool = False
    since: datetime | None = None
    until: datetime | None = None
    adjudication: str = "replaces"
    returned: str = "drop"
    include_unjudged: bool = False
    benchmark: str = ""
    benchmark_overlap: str = "count"
    seed: int = 0
    validation: float = 0.1
    test: float = 0.1
    group_near_duplicates: bool = False
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
        for name, allowed in (REVIEW_RULES | BENCHMARK_RULES).items():
            if getattr(self, name) not in allowed:
                raise InvalidSnapshot(
                    _("“%(value)s” is no rule for “%(name)s”. There are: %(rules)s.")
                    % {"value": getattr(self, name), "name": name, "rules": ", ".join(allowed)},
                    fields={name: getattr(self, name)},
                )
        for name in SHARES:
            share = getattr(self, name)
            if share is not None and not 0 <= share <= 1:
                raise InvalidSnapshot(_("An agreement lies between 0 and 1."), fields={name: share})
        if self.since and self.until and self.since > self.until:
            raise InvalidSnapshot(_("The span ends before it begins."), fields={"until": self.until.isoformat()})

    def filters(self) -> dict[str, Any]:
        """What was asked to be left out, as the manifest tells it."""
        return {
            "exclude_imported": self.exclude_imported,
            "exclude_simulated": self.exclude_simulated,
            "exclude_suspicious": self.exclude_suspicious,
            **{name: sorted(set(getattr(self, name))) for name in LISTS},
            **{name: getattr(self, name) for name in SHARES},
            "benchmark": self.benchmark or None,
            "benchmark_overlap": self.benchmark_overlap if self.benchmark else None,
            "since": self.since.isoformat() if self.since else None,
            "until": self.until.isoformat() if self.until else None,
            "include_unjudged": self.include_unjudged,
            "adjudication": self.adjudication,
            "returned": self.returned,
        }

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), **{name: value for name, value in self.filters().items() if value is not None}}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "SnapshotRequest":
        """Read what `to_dict` wrote, from a run's config. Raises: InvalidSnapshot."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        for name in ("since", "until"):
            if isinstance(known.get(name), str):
                known[name] = datetime.fromisoformat(known[name])
        known.update({name: tuple(known.get(name, ())) for name in LISTS})
        known["rules"] = pair_rules(known.get("rules", {}))
        return cls(**known)


def pair_rules(values: Mapping[str, Any], base: PairRules | None = None) -> PairRules:
    """Read pair rules that a person gave, on top of others. Raises: InvalidSnapshot, naming what does not exist."""
    try:
        return PairRules.from_dict({**(base or PairRules()).to_dict(), **values})
    except ValueError as error:
        raise InvalidSnapshot(str(error), fields=dict(values)) from None
