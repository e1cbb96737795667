"""What is measured of each annotator: how much, how fast, how right, and how competent three models think they are."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, TypeVar

from labeling.quality.data import Outcome, QualityData, Said
from labeling.quality.figures import Figure, figure
from labeling.stats.audits.effects import Audit
from labeling.stats.audits.rows import AuditRow
from labeling.stats.dawid_skene import DawidSkene, fit_dawid_skene
from labeling.stats.intervals import Share, wilson_share
from labeling.stats.mace import Mace, fit_mace
from labeling.stats.noisy_bradley_terry import NoisyBradleyTerry, fit_noisy_bradley_terry
from labeling.stats.pair_table import ShownPair
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels

Timed = TypeVar("Timed", Said, Outcome, AuditRow)
MOST_STRETCHES = 12
LEAST_IN_STRETCH = 10
NO_GOLD = Undefined("they judged nothing whose answer is known")
NO_REPEATS = Undefined("nothing came to them a second time")
NO_OTHERS = Undefined("nobody else judged what they did")
NOT_SEEN = Undefined("they judged nothing that this model reads")


@dataclass(frozen=True)
class PeopleModels:
    """The three models of annotators, each fitted or with the reason why not."""

    dawid_skene: DawidSkene | Undefined
    mace: Mace | Undefined
    noisy_bradley_terry: NoisyBradleyTerry | Undefined


def fit_people(winners: UnitLabels, pairs: Sequence[ShownPair]) -> PeopleModels:
    """Fit all three: the first two read who won by identity, the third by side."""
    labels = [(who, unit, label) for unit, said in winners.by_unit.items() for who, label in said.items()]
    return PeopleModels(fit_dawid_skene(labels), fit_mace(labels), fit_noisy_bradley_terry(pairs))


def annotator_figures(
    data: QualityData, rows: Sequence[AuditRow], audits: Sequence[Audit], models: PeopleModels
) -> dict[str, dict[str, Any]]:
    """The report of each annotator, by pseudonym.

    Args:
        rows: with how far each judgment agrees with the others.
    """
    said = by_annotator(data.said)
    gold, repeats = by_annotator(data.gold), by_annotator(data.repeats)
    agreeing = by_annotator(rows)
    return {
        person: {
            "judgments": len(theirs),
            "active_seconds": round(sum(one.dwell_ms or 0 for one in theirs) / 1000),
            "median_seconds": median_seconds(theirs),
            "gold": figure(_share([one.right for one in gold.get(person, [])], NO_GOLD)),
            "repeats": figure(_share([one.right for one in repeats.get(person, [])], NO_REPEATS)),
            "agreement": figure(_share(_known(agreeing.get(person, [])), NO_OTHERS)),
            "ties": figure(wilson_share(fmean(one.tied for one in theirs), len(theirs))),
            **competences(person, models),
            "audits": {
                audit.name: figure(audit.by_annotator[person]) for audit in audits if person in audit.by_annotator
            },
            "over_time": over_time(theirs, agreeing.get(person, []), gold.get(person, [])),
        }
        for person, theirs in sorted(said.items())
    }


def by_annotator(items: Sequence[Timed]) -> dict[str, list[Timed]]:
    """Items by whose they are, each list in the order of time."""
    theirs: dict[str, list[Timed]] = defaultdict(list)
    for item in items:
        theirs[str(item.annotator)].append(item)
    for found in theirs.values():
        found.sort(key=lambda one: one.judged_at)  # type: ignore[arg-type, return-value]  # every judgment has a time
    return dict(theirs)


def competences(person: str, models: PeopleModels) -> dict[str, Figure]:
    """How competent each model thinks somebody is, and which side draws them."""
    skene = _of(models.dawid_skene, person)
    mace = _of(models.mace, person)
    noisy = _of(models.noisy_bradley_terry, person)
    return {
        "dawid_skene": figure(skene if isinstance(skene, Undefined) else skene.accuracy),
        "mace": figure(mace if isinstance(mace, Undefined) else mace.competence),
        "strength_accuracy": figure(noisy if isinstance(noisy, Undefined) else noisy.accuracy),
        "side_bias": figure(noisy if isinstance(noisy, Undefined) else noisy.side_bias),
    }


def over_time(said: Sequence[Said], rows: Sequence[AuditRow], gold: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Somebody's judgments in up to twelve stretches of equal number, oldest first, with the means of each.

    A stretch without a known answer, or that nobody else judged, has no such mean.
    """
    stretches = min(MOST_STRETCHES, max(1, len(said) // LEAST_IN_STRETCH))
    found = []
    for number in range(stretches):
        part = said[len(said) * number // stretches : len(said) * (number + 1) // stretches]
        start, end = part[0].judged_at, part[-1].judged_at
        known = _known([one for one in rows if one.judged_at is not None and start <= one.judged_at <= end])
        right = [one.right for one in gold if start <= one.judged_at <= end]
        found.append(
            {
                "from": start.isoformat(),
                "judgments": len(part),
                "median_seconds": median_seconds(part),
                "agreement": round(fmean(known), 4) if known else None,
                "gold": round(fmean(right), 4) if right else None,
            }
        )
    return found


def median_seconds(said: Sequence[Said]) -> float | None:
    """How long the one in the middle took; None where no time is known."""
    times = [one.dwell_ms / 1000 for one in said if one.dwell_ms is not None]
    return round(median(times), 1) if times else None


def _of(fit: Any, person: str) -> Any:
    return fit if isinstance(fit, Undefined) else fit.annotators.get(person, NOT_SEEN)


def _known(rows: Sequence[AuditRow]) -> list[float]:
    return [row.agreement for row in rows if row.agreement is not None]


def _share(outcomes: Sequence[float], nothing: Undefined) -> Share | Undefined:
    return wilson_share(min(1.0, fmean(outcomes)), len(outcomes)) if outcomes else nothing
