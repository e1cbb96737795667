"""A stored report as the quality page shows it: tiles, charts, and the words beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.charts import BarChart, IntervalChart, Measure, Tone, bar_chart, interval_chart, percent
from labeling.models import QualityReport
from labeling.quality.angles import measured
from labeling.quality.words import (
    SAYS,
    TICKS,
    UNITS,
    Figures,
    Unit,
    audit_names,
    brief,
    interval_note,
    shown_value,
    undefined,
    wording_of,
)

SIGNIFICANT = 0.05
FARTHEST = 5  # times judged, from which on comparisons are counted together


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    figure: str
    note: str


@dataclass(frozen=True, slots=True)
class Headline:
    """One bias: what was found, and whether it stands out among all that were looked for."""

    name: str
    label: str
    said: str
    verdict: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class QualityPage:
    """What the page draws of one report; charts that would be empty are None."""

    tiles: Sequence[Tile]
    coverage: BarChart
    same: IntervalChart
    beyond_chance: IntervalChart
    rankings: IntervalChart | None
    answers: IntervalChart
    headlines: Sequence[Headline]
    findings: Sequence[tuple[str, IntervalChart]]


def quality_page(report: QualityReport, name_of: Callable[[str], str]) -> QualityPage:
    """Lay out a report.

    Args:
        name_of: what a pseudonym is called before whoever reads.
    """
    result = report.result
    return QualityPage(
        tiles=tiles(result),
        coverage=coverage(result["counts"]["coverage"]),
        same=same_opinion(result),
        beyond_chance=beyond_chance(result["agreement"], name_of),
        rankings=rankings(result["rankings"]),
        answers=answers(result["answers"]),
        headlines=[headline(audit) for audit in result["audits"]],
        findings=findings(result["audits"]),
    )


def tiles(result: Figures) -> list[Tile]:
    """The four figures that matter."""
    counts, agreement, gold = result["counts"], result["agreement"], result["answers"]["gold"]
    people = ngettext("by %(n)d person", "by %(n)d people", counts["annotators"]) % {"n": counts["annotators"]}
    return [
        Tile(_("Judgments"), f"{counts['judgments']:,}", people),
        Tile(_("Two people say the same"), brief(agreement["observed"]), interval_note(agreement["observed"])),
        Tile(_("Agreement beyond chance (alpha)"), brief(agreement["alpha"]), interval_note(agreement["alpha"])),
        Tile(_("As gold expects"), brief(gold), interval_note(gold)),
    ]


def coverage(people: Mapping[str, int]) -> BarChart:
    """How many comparisons were judged by nobody, once, twice and more often."""
    counted = dict.fromkeys(range(FARTHEST + 1), 0)
    for times, comparisons in people.items():
        counted[min(int(times), FARTHEST)] += comparisons
    names = [_("not judged"), _("once"), _("twice"), _("3 times"), _("4 times"), _("5 times or more")]
    return bar_chart(list(zip(names, counted.values(), strict=True)))


def same_opinion(result: Figures) -> IntervalChart:
    """How often two people say the same: in all, and by how sure one of them said to be."""
    strengths = {"0": _("barely better"), "1": _("slightly better"), "2": _("better"), "3": _("much better")}
    lines = [measured(_("all"), result["agreement"]["observed"])]
    lines += [
        measured(_("where one says “%(strength)s”") % {"strength": strengths[strength]}, figure)
        for strength, figure in result["strength"].items()
        if "value" in figure
    ]
    return interval_chart(lines, least=0.0, most=1.0)


def beyond_chance(agreement: Figures, name_of: Callable[[str], str]) -> IntervalChart:
    """Alphas and kappas, where 0 is chance."""
    fleiss = _("Fleiss' kappa, of what %(n)s people judged") % {"n": agreement["fleiss"]["labels_per_unit"]}
    lines = [
        measured(_("Krippendorff's alpha, who wins"), agreement["alpha"]),
        measured(_("Krippendorff's alpha, by how much"), agreement["alpha_strength"]),
        measured(fleiss, agreement["fleiss"]),
    ]
    lines += [
        measured(
            _("Cohen's kappa, %(one)s and %(other)s")
            % {"one": name_of(pair["first"]), "other": name_of(pair["second"])},
            pair,
            tone="quiet",
        )
        for pair in agreement["cohen"]
    ]
    return interval_chart(lines, most=1.0, reference=0.0)


def rankings(found: Figures | None) -> IntervalChart | None:
    if found is None:
        return None
    lines = [
        measured(_("Kendall's tau-b, of every two people"), found["tau_b"]),
        measured(_("Kendall's W"), found["w"]),
    ]
    return interval_chart(lines, most=1.0, reference=0.0)


def answers(shares: Figures) -> IntervalChart:
    """Shares of judgments that need no second person to be counted."""
    names = {
        "gold": _("as gold expects"),
        "repeats": _("the same person says the same again"),
        "ties": _("ties"),
        "all_bad": _("all bad"),
    }
    lines = [measured(name, shares[key]) for key, name in names.items()]
    return interval_chart(lines, least=0.0, most=1.0, say=percent)


def headline(audit: Figures) -> Headline:
    """An audit's first finding and what it is worth once all audits are looked at together."""
    found = audit["findings"][0]
    words = wording_of(found["key"])
    name = audit_names()[audit["name"]]
    if "value" not in found:
        return Headline(name, words.label, undefined(found), _("no answer"), "quiet")
    stands_out = audit["p_adjusted"] is not None and audit["p_adjusted"] < SIGNIFICANT
    verdict = _("stands out") if stands_out else _("no clear sign")
    return Headline(name, words.label, _told(found, words.unit), verdict, "bad" if stands_out else "good")


def _told(found: Figures, unit: Unit) -> str:
    """A figure with its interval and what it rests on, in one line."""
    template = _("%(value)s (%(low)s to %(high)s), n = %(n)s")
    if unit == "points":
        template = _("%(value)s percentage points (%(low)s to %(high)s), n = %(n)s")
    ends = {end: SAYS[unit](shown_value(found, unit, end)) for end in ("value", "low", "high")}
    return template % {**ends, "n": f"{found['n']:,}"}


def findings(audits: Sequence[Figures]) -> list[tuple[str, IntervalChart]]:
    """Every finding that has an answer; those of one unit and the same value without bias share a chart and a title."""
    groups: dict[tuple[Unit, float | None], list[Figures]] = {}
    for audit in audits:
        for found in audit["findings"]:
            if "value" in found:
                groups.setdefault((wording_of(found["key"]).unit, found["null"]), []).append(found)
    return [
        (_title(unit, null), _chart_of(found, unit, null))
        for (unit, null), found in sorted(groups.items(), key=lambda group: UNITS.index(group[0][0]))
    ]


def _title(unit: Unit, null: float | None) -> str:
    if unit == "factor":
        return _("What it multiplies: the odds of winning, or the time; 1 is no bias")
    if unit == "points":
        return _("Difference in percentage points; 0 is no bias")
    if null is None:
        return _("How often; nothing says how often it should be")
    return _("How often; %(share)s is no bias") % {"share": percent(null)}


def _chart_of(found: Sequence[Figures], unit: Unit, null: float | None) -> IntervalChart:
    lines = [
        Measure(
            label=wording_of(one["key"]).label,
            value=shown_value(one, unit),
            low=shown_value(one, unit, "low"),
            high=shown_value(one, unit, "high"),
            note=f"n = {one['n']:,}",
        )
        for one in found
    ]
    if unit == "share":
        return interval_chart(lines, least=0.0, most=1.0, reference=null, say=percent)
    reference = None if null is None else 1.0 if unit == "factor" else null
    return interval_chart(lines, reference=reference, say=SAYS[unit], tick=TICKS[unit])
