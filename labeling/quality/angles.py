"""Figures of annotators as lines of a chart: one figure of everybody, or every figure of one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from labeling.charts import IntervalChart, Measure, Tone, interval_chart, three_decimals
from labeling.quality.words import Figures, undefined

LEAST_GOLD = 0.75  # docs/quality.md: below it with its whole interval somebody is found
MOST_PEOPLE = 60


def measured(label: str, figure: Figures, note: str = "", *, tone: Tone = "", href: str = "") -> Measure:
    """A figure as a line of a chart: what it rests on is its note, or why there is none."""
    if "value" not in figure:
        return Measure(label, None, note=undefined(figure), href=href)
    return Measure(label, figure["value"], figure["low"], figure["high"], note or f"n = {figure['n']:,}", tone, href)


@dataclass(frozen=True, slots=True)
class Angle:
    """One way to look at all annotators: a figure of each, its name and what it means."""

    key: str
    name: str
    meaning: str
    reference: float | None


def angles() -> list[Angle]:
    return [
        Angle("agreement", _("With the others"), _("How often somebody says what the others say of the same."), None),
        Angle("gold", _("Gold"), _("How often somebody answers as expected where the answer is known."), LEAST_GOLD),
        Angle(
            "dawid_skene",
            _("Dawid–Skene"),
            _("How often somebody is right, where what is right is inferred from everybody's labels."),
            None,
        ),
        Angle(
            "mace",
            _("MACE"),
            _("How often somebody looks before answering; the rest of the time they answer by habit."),
            None,
        ),
        Angle(
            "strength_accuracy",
            _("Stronger response"),
            _("How often somebody prefers the stronger of two policies or responses; ½ is a guess."),
            0.5,
        ),
        Angle(
            "side_bias",
            _("Side"),
            _("How often somebody would take the left one of two equal responses; ½ is no bias."),
            0.5,
        ),
        Angle("repeats", _("With themselves"), _("How often somebody says the same when asked again."), None),
    ]


def angle_named(key: str) -> Angle:
    """The angle of that key, or the first."""
    return next((angle for angle in angles() if angle.key == key), angles()[0])


def annotator_chart(
    annotators: Mapping[str, Figures], angle: Angle, name_of: Callable[[str], str], href_of: Callable[[str], str]
) -> IntervalChart:
    """One figure of everybody, those who judged most first, sixty at most."""
    busiest = sorted(annotators, key=lambda one: (-annotators[one]["judgments"], one))[:MOST_PEOPLE]
    return interval_chart(
        [_of_person(annotators[one], angle, name_of(one), href_of(one)) for one in busiest],
        least=0.0,
        most=1.0,
        reference=angle.reference,
    )


def _of_person(figures: Figures, angle: Angle, name: str, href: str) -> Measure:
    figure = figures[angle.key]
    tone, sign = sign_of(angle.key, figure)
    note = f"n = {figure['n']:,}" if "value" in figure else ""
    return measured(name, figure, f"{note} · {sign}" if sign else note, tone=tone, href=href)


def sign_of(key: str, figure: Figures) -> tuple[Tone, str]:
    """What a figure's whole interval says against somebody, if anything."""
    if "value" not in figure:
        return "", ""
    if key == "gold" and figure["high"] < LEAST_GOLD:
        return "bad", _("below %(bound)s") % {"bound": three_decimals(LEAST_GOLD)}
    if key in ("side_bias", "position") and figure["low"] > 0.5:
        return "bad", _("drawn to the left")
    if key in ("side_bias", "position") and figure["high"] < 0.5:
        return "bad", _("drawn to the right")
    return "", ""
