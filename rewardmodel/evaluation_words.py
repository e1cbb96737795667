"""What an evaluation found, in sentences and names of the reader's language."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.charts import three_decimals
from rewardmodel.core.resampling import Interval

Figure = Mapping[str, Any]
SLICES = {
    "strength": gettext_lazy("By how much better people found it"),
    "domain": gettext_lazy("By kind of prompt"),
    "length_ratio": gettext_lazy("By how many times as long the longer response is"),
    "prompt_length": gettext_lazy("By length of the prompt"),
    "responses": gettext_lazy("By number of responses"),
    "policies": gettext_lazy("By policies"),
    "script": gettext_lazy("By script of the prompt"),
    "uncertainty": gettext_lazy("By how far the members of the ensemble differ"),
}
PARTS = {
    "length_ratio": (gettext_lazy("%(low)s to %(high)s times"), gettext_lazy("%(low)s times or more")),
    "prompt_length": (gettext_lazy("%(low)s to %(high)s characters"), gettext_lazy("%(low)s characters or more")),
}
COUNTED = {"strength": gettext_lazy("strength %(n)s"), "responses": gettext_lazy("%(n)s responses")}
UNCERTAINTY = {
    "lowest": gettext_lazy("lowest third"),
    "middle": gettext_lazy("middle third"),
    "highest": gettext_lazy("highest third"),
}
SCRIPTS = {
    "Latin": gettext_lazy("Latin"), "Hangul": gettext_lazy("Hangul"), "Han": gettext_lazy("Chinese characters"),
    "Japanese": gettext_lazy("Japanese"), "Cyrillic": gettext_lazy("Cyrillic"), "Arabic": gettext_lazy("Arabic"),
    "Greek": gettext_lazy("Greek"), "Hebrew": gettext_lazy("Hebrew"), "Devanagari": gettext_lazy("Devanagari"),
    "Thai": gettext_lazy("Thai"), "other": gettext_lazy("other scripts"),
}  # fmt: skip
FLOORS = {
    "longer": gettext_lazy("the longer answer"),
    "words": gettext_lazy("words and length"),
    "chance": gettext_lazy("a coin"),
}


def floor_name(name: str) -> str:
    """What a floor is called."""
    return str(FLOORS[name])


def said_difference(figure: Figure) -> str:
    """A difference in accuracy with its sign and interval: "+0.041 (0.012 – 0.070)"."""
    sign = "+" if figure["value"] > 0 else ""
    return (
        f"{sign}{three_decimals(figure['value'])} ({three_decimals(figure['low'])} – {three_decimals(figure['high'])})"
    )


def said_figure(figure: Figure | None) -> str:
    """A figure with its interval: "0.724 (0.703 – 0.744)"; a dash, or why there is none."""
    if not figure or figure.get("value") is None:
        return _(figure["reason"]) if figure and figure.get("reason") else "–"
    if figure.get("low") is None:
        return three_decimals(figure["value"])
    return f"{three_decimals(figure['value'])} ({three_decimals(figure['low'])} – {three_decimals(figure['high'])})"


def said_interval(interval: Interval | None) -> str:
    """The same of an interval; "" without one."""
    return "" if interval is None else said_difference(asdict(interval))


def verdict_sentence(metrics: Mapping[str, Any]) -> str:
    """Whether a model has earned its keep, plainly; "" for an evaluation that did not ask."""
    earned = metrics.get("earned")
    if not earned:
        return ""
    if earned["against"] is None:
        return _("Too few pairs to tell whether a text-only floor would do as well.")
    floor = next(one for one in metrics["floors"] if one["name"] == earned["against"])
    words = {"floor": floor_name(earned["against"]), "difference": said_difference(floor["difference"])}
    if earned["verdict"] == "earned":
        return _("It earns its keep: above all text alone can do. Beside the best, %(floor)s: %(difference)s.") % words
    if earned["verdict"] == "below":
        return (
            _("It does not earn its keep: text alone does better. Beside the best, %(floor)s: %(difference)s.") % words
        )
    return (
        _("It has not earned its keep: text alone may do as well. Beside the best, %(floor)s: %(difference)s.") % words
    )


def slice_title(one: Mapping[str, Any]) -> str:
    """What a way to part the pairs is called."""
    if one["by"] == "domain":
        return _("By “%(key)s”") % {"key": one.get("key", "")}
    return str(SLICES.get(one["by"], one["by"]))


def slice_label(by: str, label: str) -> str:
    """What one part of the pairs is called."""
    if by in PARTS:
        low, _dash, high = label.partition("-")
        between, above = PARTS[by]
        return between % {"low": low, "high": high} if high else above % {"low": low}
    if by in COUNTED:
        return COUNTED[by] % {"n": label}
    return str({"script": SCRIPTS, "uncertainty": UNCERTAINTY}.get(by, {}).get(label, label))
