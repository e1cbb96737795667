"""One evaluation as its page shows it: charts, and the words beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.charts import BarChart, IntervalChart, Measure, Tone, bar_chart, interval_chart, three_decimals
from rewardmodel.charts import Dot, reliability_dots
from rewardmodel.evaluation_words import (
    Figure,
    floor_name,
    said_difference,
    said_figure,
    slice_label,
    slice_title,
    verdict_sentence,
)

BROADEST = 13


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a small table of figures."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EvaluationPage:
    """What the page draws of one evaluation; what it has nothing to say of is None or empty."""

    accuracy: IntervalChart | None
    verdict: str
    verdict_tone: str
    learned_from: str
    beside: IntervalChart | None
    beside_said: str
    calibration: Sequence[Line]
    by_chance: str
    dots: Sequence[Dot]
    bins: Sequence[Line]
    slices: Sequence[tuple[str, IntervalChart, int]]
    length: IntervalChart | None
    ties: IntervalChart | None
    rankings: IntervalChart | None
    best_of_n: Sequence[Line]
    correlations: IntervalChart | None
    attributes: Sequence[Line]
    margins: BarChart | None
    benchmark: IntervalChart | None
    benchmark_lines: Sequence[Line]


def evaluation_page(metrics: Mapping[str, Any]) -> EvaluationPage:
    """Lay out the figures of an evaluation. Figures kept by an older version show what they have."""
    earned = (metrics.get("earned") or {}).get("verdict")
    tones = {"earned": "callout-good", "not shown": "callout-brass", "below": "callout-bad"}
    calibration = metrics.get("calibration") or {}
    rankings = metrics.get("rankings") or {}
    best = rankings.get("best_of_n") or {}
    benchmark = metrics.get("benchmark") or {}
    beside = (metrics.get("people") or {}).get("beside_one_person") or {}
    return EvaluationPage(
        accuracy=_accuracy(metrics),
        verdict=verdict_sentence(metrics),
        verdict_tone=tones.get(str(earned), ""),
        learned_from=_seen(metrics),
        beside=_beside(beside),
        beside_said=_beside_said(beside),
        calibration=_calibration(calibration),
        by_chance=three_decimals(calibration["ece_by_chance"]) if "ece_by_chance" in calibration else "",
        dots=reliability_dots(metrics.get("reliability") or []),
        bins=[_bin(one) for one in metrics.get("reliability") or []],
        slices=[_slice(one) for one in metrics.get("slices") or []],
        length=_length(metrics.get("length") or {}),
        ties=_ties(metrics.get("three_way") or {}),
        rankings=_rankings(rankings, best),
        best_of_n=_curve(best.get("curve") or []),
        correlations=_correlations(metrics.get("attributes") or []),
        attributes=[_attribute(one) for one in metrics.get("attributes") or []],
        margins=_margins(metrics.get("margins") or {}),
        benchmark=_shares([_measure(row["label"], row) for row in benchmark.get("subsets") or []]),
        benchmark_lines=_benchmark(benchmark),
    )


def _measure(label: str, figure: Figure | None, *, tone: Tone = "") -> Measure:
    if not figure or figure.get("value") is None:
        return Measure(label, None, note=reason_said((figure or {}).get("reason", "")), tone="quiet")
    note = "" if not figure.get("n") else f"n = {figure['n']:,}"
    return Measure(label, figure["value"], figure.get("low"), figure.get("high"), note, tone)


def reason_said(reason: str) -> str:
    """Why there is no figure, in the reader's language."""
    return _(reason) if reason else _("not measured")


def _shares(measures: Sequence[Measure]) -> IntervalChart | None:
    return interval_chart(measures, least=0.0, most=1.0, reference=0.5) if measures else None


def _accuracy(metrics: Mapping[str, Any]) -> IntervalChart | None:
    """The model's accuracy between what it must beat and what people reach."""
    if metrics.get("accuracy") is None:
        return None
    note = f"n = {metrics['pairs']:,}" if metrics.get("pairs") else ""
    low, high = metrics.get("accuracy_low"), metrics.get("accuracy_high")
    measures = [Measure(_("this model"), metrics["accuracy"], low, high, note)]
    agreement = (metrics.get("people") or {}).get("agreement") or {"value": metrics.get("agreement")}
    measures.append(_measure(_("two people with each other"), agreement, tone="quiet"))
    longer = {"name": "longer", "accuracy": {"value": (metrics.get("baselines") or {}).get("longer")}}
    for floor in metrics.get("floors") or [longer]:
        measures.append(_measure(floor_name(floor["name"]), floor["accuracy"], tone="quiet"))
    return interval_chart(measures, least=0.3, most=1.0, reference=0.5)


def _seen(metrics: Mapping[str, Any]) -> str:
    seen = metrics.get("prompts_learned_from")
    if not seen:
        return ""
    return ngettext(
        "The model learned from %(n)s of these prompts: the figures are too good.",
        "The model learned from %(n)s of these prompts: the figures are too good.",
        seen,
    ) % {"n": seen}


def _beside(beside: Mapping[str, Any]) -> IntervalChart | None:
    if not beside or beside["person"].get("value") is None:
        return None
    measures = [_measure(_("the model"), beside["model"]), _measure(_("one person"), beside["person"], tone="quiet")]
    return _shares(measures)


def _beside_said(beside: Mapping[str, Any]) -> str:
    if not beside or beside["difference"].get("value") is None:
        return ""
    difference = beside["difference"]
    words = {"difference": said_difference(difference)}
    if difference["low"] > 0:
        said = _("Here the model would be a better annotator than one of them: %(difference)s.") % words
    elif difference["high"] < 0:
        said = _("Here one of them is a better annotator than the model: %(difference)s.") % words
    else:
        said = _("Here the model cannot be told from one of them: %(difference)s.") % words
    if not beside["people"]:
        return said
    counted = ngettext(
        "It is above %(beaten)s of %(n)s person with 20 such pairs or more.",
        "It is above %(beaten)s of %(n)s people with 20 such pairs or more.",
        beside["people"],
    ) % {"beaten": beside["people_beaten"], "n": beside["people"]}
    return f"{said} {counted}"


def _calibration(calibration: Mapping[str, Any]) -> list[Line]:
    if not calibration:
        return []
    names = {"ece": _("calibration error (ECE)"), "log_loss": _("log loss, in nats"), "brier": _("Brier score")}
    before = calibration["before"]
    return [Line(name, (said_figure(before[key]), said_figure(calibration[key]))) for key, name in names.items()]


def _bin(one: Mapping[str, Any]) -> Line:
    true = {"value": one["accuracy"], "low": one.get("accuracy_low"), "high": one.get("accuracy_high")}
    return Line(three_decimals(one["confidence"]), (said_figure(true), f"{one['pairs']:,}"))


def _slice(one: Mapping[str, Any]) -> tuple[str, IntervalChart, int]:
    measures = [_measure(slice_label(one["by"], row["label"]), row) for row in one["rows"][:BROADEST]]
    return slice_title(one), interval_chart(measures, least=0.0, most=1.0, reference=0.5), one.get("others", 0)


def _length(length: Mapping[str, Any]) -> IntervalChart | None:
    if not length:
        return None
    names = {
        "people_prefer_longer": _("people prefer the longer one"),
        "model_prefers_longer": _("the model prefers the longer one"),
        "longer_better": _("right where the longer one is better"),
        "shorter_better": _("right where the shorter one is better"),
        "matched": _("right where both are about as long"),
    }
    return _shares([_measure(name, length.get(key)) for key, name in names.items()])


def _ties(three_way: Mapping[str, Any]) -> IntervalChart | None:
    if not three_way.get("ties"):
        return None
    measures = [_measure(_("better, worse or tied"), three_way["accuracy"])]
    if three_way.get("never_tied") is not None:
        measures.append(_measure(_("if it never said “tied”"), {"value": three_way["never_tied"]}, tone="quiet"))
    return interval_chart(measures, least=0.0, most=1.0)


def _rankings(rankings: Mapping[str, Any], best: Mapping[str, Any]) -> IntervalChart | None:
    if not best:
        return None
    measures = [
        _measure(_("same order (Kendall's tau-b)"), rankings.get("kendall_tau_b")),
        _measure(_("its first choice is one of people's best"), best.get("top")),
        _measure(_("regret of its first choice"), best.get("regret")),
    ]
    return interval_chart(measures, least=-1.0, most=1.0, reference=0.0)


def _curve(curve: Sequence[Mapping[str, Any]]) -> list[Line]:
    return [
        Line(str(one["n"]), (said_figure(one["picked"]), three_decimals(one["best"]), three_decimals(one["random"])))
        for one in curve
    ]


def _correlations(attributes: Sequence[Mapping[str, Any]]) -> IntervalChart | None:
    measures = [_measure(one["name"], one["pearson"]) for one in attributes]
    return interval_chart(measures, least=-1.0, most=1.0, reference=0.0) if measures else None


def _attribute(one: Mapping[str, Any]) -> Line:
    spread = "–" if one["spread"] is None else three_decimals(one["spread"])
    figures = (said_figure(one[name]) for name in ("spearman", "rmse"))
    return Line(one["name"], (three_decimals(one["weight"]), *figures, spread))


def _margins(margins: Mapping[str, Any]) -> BarChart | None:
    if not margins:
        return None
    ends = list(zip(margins["edges"], margins["edges"][1:], margins["counts"], strict=False))
    return bar_chart([(f"{low:.2f} … {high:.2f}".replace("-", "−"), count) for low, high, count in ends])


def _benchmark(benchmark: Mapping[str, Any]) -> list[Line]:
    lines = []
    for one in benchmark.get("sections") or []:
        note = _("without %(n)s of its subsets") % {"n": len(one["missing"])} if one["missing"] else ""
        lines.append(Line(one["label"], (said_figure(one), note)))
    if benchmark.get("ties") is not None:
        lines.append(Line(_("Ties, by the benchmark's own rule"), (three_decimals(benchmark["ties"]), "")))
    if benchmark.get("average") is not None:
        lines.append(Line(_("average"), (three_decimals(benchmark["average"]), "")))
    return lines
