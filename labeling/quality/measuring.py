"""What statistics say of a project's judgments, as one JSON object. Meanings and formulas: docs/statistics."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from labeling.quality.data import Outcome, QualityData
from labeling.quality.figures import Figure, figure
from labeling.quality.people import PeopleModels, annotator_figures, fit_people
from labeling.stats.agreement import observed_agreement
from labeling.stats.alpha import krippendorff_alpha
from labeling.stats.audits.clusters import clustered_share, units_of
from labeling.stats.audits.effects import Audit, Effect
from labeling.stats.audits.report import adjusted_headlines, all_audits
from labeling.stats.audits.rows import with_agreement
from labeling.stats.judged import signed_strength_labels, winner_labels
from labeling.stats.kappa import cohen_kappa, fleiss_kappa
from labeling.stats.rank_agreement import mean_kendall_w, mean_tau_b
from labeling.stats.strength_agreement import agreement_by_strength
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels

LEAST_SHARED = 20  # units that two people both judged, for their kappa to be shown
MOST_KAPPAS = 5
NO_GOLD = Undefined("nothing was judged whose answer is known")
NO_REPEATS = Undefined("nobody was asked the same a second time")
NO_JUDGMENTS = Undefined("nothing was judged")
Report = dict[str, Any]


def measure(data: QualityData, progress: Callable[[], None] = lambda: None) -> tuple[Report, dict[str, Report]]:
    """Everything that is measured of judgments.

    Args:
        progress: called between the parts, so that a run can be stopped there.

    Returns: the project's report, and that of each annotator by pseudonym.
    """
    winners = UnitLabels.of(winner_labels(data.judged))
    report: Report = {"counts": counts(data), "agreement": agreement(data, winners)}
    progress()
    report["rankings"] = rankings(data)
    report["strength"] = {
        str(strength): figure(found) for strength, found in agreement_by_strength(data.judged).items()
    }
    report["answers"] = answers(data)
    progress()
    audits = all_audits(data.rows)
    report["audits"] = audit_figures(audits)
    progress()
    models = fit_people(winners, data.pairs)
    report["models"] = model_figures(models)
    progress()
    return report, annotator_figures(data, with_agreement(data.rows), audits, models)


def counts(data: QualityData) -> Report:
    """How much there is: judgments, comparisons by how many people judged them, annotators."""
    return {
        "judgments": len(data.said),
        "comparisons": data.comparisons,
        "annotators": len({one.annotator for one in data.said}),
        "coverage": {str(people): number for people, number in data.coverage.items()},
        "active_seconds": round(sum(one.dwell_ms or 0 for one in data.said) / 1000),
    }


def agreement(data: QualityData, winners: UnitLabels) -> Report:
    """How far people go together on who wins, and by how much."""
    per_unit = usual_overlap(winners)
    return {
        "observed": figure(observed_agreement(winners)),
        "alpha": figure(krippendorff_alpha(winners)),
        "alpha_strength": figure(
            krippendorff_alpha(UnitLabels.of(signed_strength_labels(data.judged)), metric="ordinal")
        ),
        "fleiss": {**figure(fleiss_kappa(winners, labels_per_unit=per_unit)), "labels_per_unit": per_unit},
        "cohen": [
            {"first": first, "second": second, **figure(cohen_kappa(winners, first, second))}
            for first, second in often_together(winners)
        ],
    }


def usual_overlap(labels: UnitLabels) -> int:
    """How many people judged most of the units that two or more judged; 2 where there are none."""
    sizes = Counter(len(said) for said in labels.pairable.by_unit.values())
    return min(sizes, key=lambda size: (-sizes[size], size)) if sizes else 2


def often_together(labels: UnitLabels) -> list[tuple[str, str]]:
    """The pairs of people with the most units in common, from `LEAST_SHARED` on."""
    shared: Counter[tuple[str, str]] = Counter()
    for said in labels.pairable.by_unit.values():
        shared.update(combinations(sorted(map(str, said)), 2))
    enough = [(pair, units) for pair, units in shared.items() if units >= LEAST_SHARED]
    return [pair for pair, _units in sorted(enough, key=lambda one: (-one[1], one[0]))[:MOST_KAPPAS]]


def rankings(data: QualityData) -> Report | None:
    """Whether the rankings of three or more go together; None where nothing of the kind was judged."""
    of_several = [one for one in data.judged if one.responses > 2]
    if not of_several:
        return None
    return {"tau_b": figure(mean_tau_b(of_several)), "w": figure(mean_kendall_w(of_several))}


def answers(data: QualityData) -> dict[str, Figure]:
    """Shares of judgments: as gold expects, as the same person said before, ties, all bad."""
    said = data.said
    return {
        "gold": figure(share_of(data.gold, NO_GOLD)),
        "repeats": figure(share_of(data.repeats, NO_REPEATS)),
        "ties": figure(share_of([Outcome(one.annotator, one.prompt, one.judged_at, one.tied) for one in said])),
        "all_bad": figure(
            share_of([Outcome(one.annotator, one.prompt, one.judged_at, float(one.is_all_bad)) for one in said])
        ),
    }


def share_of(outcomes: Sequence[Outcome], nothing: Undefined = NO_JUDGMENTS) -> Effect | Undefined:
    """The mean outcome with an interval over people and prompts, both of which repeat themselves."""
    if not outcomes:
        return nothing
    units = units_of([one.annotator for one in outcomes], [one.prompt for one in outcomes])
    return clustered_share(np.array([one.right for one in outcomes]), np.ones(len(outcomes)), units, null=None)


def audit_figures(audits: Sequence[Audit]) -> list[Report]:
    """Every audit with its findings by key, and of the headline the p-value after Holm's correction."""
    adjusted = adjusted_headlines(audits)
    return [
        {
            "name": audit.name,
            "p_adjusted": adjusted.get(audit.name),
            "findings": [{"key": one.key, **figure(one.effect)} for one in audit.findings],
            "left_out": {reason: count for reason, count in audit.left_out.items() if count},
        }
        for audit in audits
    ]


def model_figures(models: PeopleModels) -> Report:
    """Of each model of annotators whether it says anything, and whether its iteration came to rest."""
    return {
        name: {"because": fit.because} if isinstance(fit, Undefined) else {"has_settled": fit.has_settled}
        for name, fit in (
            ("dawid_skene", models.dawid_skene),
            ("mace", models.mace),
            ("noisy_bradley_terry", models.noisy_bradley_terry),
        )
    }
