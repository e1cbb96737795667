"""What a page calls the figures of a report, and how it writes them."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from labeling.charts import percent, shortest, three_decimals
from labeling.reasons import say_reason

Figures = Mapping[str, Any]
Unit = Literal["share", "factor", "points"]
UNITS: tuple[Unit, ...] = ("share", "factor", "points")
PLACE = re.compile(r"position\.(\d+)_of_(\d+)")
KIND = re.compile(r"markdown\.(headers|list_items|bold|code|tables)(_slope)?")


@dataclass(frozen=True, slots=True)
class Wording:
    """One finding of an audit in words: what it is of, and what its figure counts."""

    label: str
    unit: Unit


def wording_of(key: str) -> Wording:
    """The words for an audit's finding; its key where there are none."""
    fixed = {
        "position": Wording(_("the response shown earlier wins"), "share"),
        "length": Wording(_("the longer response wins"), "share"),
        "length.slope": Wording(_("twice the length"), "factor"),
        "length.slope_beside_position": Wording(_("twice the length, wherever it is shown"), "factor"),
        "markdown": Wording(_("the response with more Markdown wins"), "share"),
        "markdown.slope": Wording(_("twice the Markdown"), "factor"),
        "markdown.slope_beside_length": Wording(_("twice the Markdown, at equal length"), "factor"),
        "own": Wording(_("a response wins more before its own judge"), "points"),
        "own.share": Wording(_("a judge's own response wins"), "share"),
        "fatigue": Wording(_("agreement, with each ten judgments of a session"), "points"),
        "fatigue.hour": Wording(_("agreement, with each hour of a session"), "points"),
        "fatigue.dwell": Wording(_("time for a judgment, with each ten of a session"), "factor"),
        "speed": Wording(_("agreement of judgments faster than reading, against slower ones"), "points"),
        "speed.same_person": Wording(_("the same, within one person"), "points"),
        "speed.share": Wording(_("judgments faster than reading"), "share"),
    }
    if key in fixed:
        return fixed[key]
    if place := PLACE.fullmatch(key):
        label = _("what stands at place %(place)s of %(k)s is best") % {"place": place[1], "k": place[2]}
        return Wording(label, "share")
    if kind := KIND.fullmatch(key):
        words = {"what": _(kind[1].replace("_", " "))}
        if kind[2]:
            return Wording(_("twice the %(what)s, beside length and other Markdown") % words, "factor")
        return Wording(_("the response with more %(what)s wins") % words, "share")
    return Wording(key, "share")


def audit_names() -> dict[str, str]:
    return {
        "position": _("Position"),
        "length": _("Length"),
        "markdown": _("Markdown"),
        "own": _("Own responses"),
        "fatigue": _("Fatigue"),
        "speed": _("Speed"),
    }


def factor(value: float) -> str:
    """What multiplies odds, or time: `× 1.25`."""
    return f"× {value:.2f}"


def points(value: float) -> str:
    """A difference of shares in percentage points: `+3.1`."""
    return f"{100 * value:+.1f}".replace("-", "−")


SAYS: dict[Unit, Callable[[float], str]] = {"share": percent, "factor": factor, "points": points}


TICKS: dict[Unit, Callable[[float], str]] = {
    "share": shortest,
    "factor": shortest,
    "points": lambda value: shortest(round(100 * value, 6)),
}


def shown_value(figure: Figures, unit: Unit, name: str = "value") -> float:
    """A figure as its unit shows it: log-odds and log times as factors."""
    return math.exp(figure[name]) if unit == "factor" else float(figure[name])


def undefined(figure: Figures) -> str:
    """Why there is no value, as a sentence."""
    return _("Undefined, because %(reason)s.") % {"reason": say_reason(figure["because"])}


def brief(figure: Figures) -> str:
    """A figure in a tile: three decimals, or a dash."""
    return three_decimals(figure["value"]) if "value" in figure else "–"


def interval_note(figure: Figures) -> str:
    """What stands below a tile's figure: the interval, or why there is none."""
    if "value" not in figure:
        return undefined(figure)
    return f"{three_decimals(figure['low'])} – {three_decimals(figure['high'])}"


def source_names() -> dict[str, str]:
    return {"person": _("people here"), "imported": _("imported"), "simulated": _("simulated")}
