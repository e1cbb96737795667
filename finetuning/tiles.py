"""The four figures at the top of a policy's page, each with what it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _

from finetuning.models import Policy


@dataclass(frozen=True)
class Tile:
    """One figure: its label, itself, and a note below."""

    label: str
    figure: str
    note: str = ""


def tiles_of(policy: Policy) -> list[Tile]:
    """What was measured of a policy: reward, gain, KL and length where there is a reward model; else how it learned."""
    metrics = policy.metrics
    if metrics.get("mean_reward") is not None:
        return [_reward(metrics), _gain(metrics), _kl(policy), _length(metrics)]
    if policy.method == Policy.Method.BASE:
        return [
            Tile(_("Parameters"), _number(metrics.get("parameters"), 0), _vocabulary(metrics)),
            Tile(_("Loss"), _number(metrics.get("loss")), _("nats a token, at the end")),
            Tile(_("Conversations"), _number(metrics.get("conversations"), 0), _("in the corpus")),
            Tile(_("Steps"), _number(metrics.get("steps"), 0), _seconds(metrics)),
        ]
    learned = ("pairs", _("Pairs")) if policy.method == Policy.Method.DPO else ("demonstrations", _("Demonstrations"))
    return [
        Tile(_("Mean reward"), "–", _("no reward model was given")),
        Tile(learned[1], _number(metrics.get(learned[0]), 0), _("learned from")),
        Tile(_("Left out"), _number(metrics.get("left_out"), 0), _("their prompts do not fit")),
        Tile(_("Steps"), _number(metrics.get("steps"), 0), _seconds(metrics)),
    ]


def _reward(metrics: Mapping[str, Any]) -> Tile:
    before = _number(metrics.get("reference_mean_reward"))
    return Tile(_("Mean reward"), _number(metrics["mean_reward"]), _("before: %(before)s") % {"before": before})


def _gain(metrics: Mapping[str, Any]) -> Tile:
    low, high = _signed(metrics.get("reward_gain_low")), _signed(metrics.get("reward_gain_high"))
    note = f"{low} … {high}"
    if metrics.get("win_rate") is not None:
        note += " · " + _("better on %(share)s %% of prompts") % {"share": _number(100 * metrics["win_rate"], 0)}
    return Tile(_("Gain on unseen prompts"), _signed(metrics.get("reward_gain")), note)


def _kl(policy: Policy) -> Tile:
    reference = policy.reference.name if policy.reference else "–"
    return Tile(
        _("KL in nats"), _number(policy.metrics.get("kl_nats")), _("an answer, to %(policy)s") % {"policy": reference}
    )


def _length(metrics: Mapping[str, Any]) -> Tile:
    before = _number(metrics.get("reference_mean_length_tokens"), 0)
    note = _("tokens, before: %(before)s") % {"before": before}
    return Tile(_("Answer length"), _number(metrics.get("mean_length_tokens"), 0), note)


def _vocabulary(metrics: Mapping[str, Any]) -> str:
    tokens = metrics.get("vocabulary", metrics.get("vocabulary_size"))
    return _("%(count)s tokens known") % {"count": _number(tokens, 0)} if tokens else ""


def _seconds(metrics: Mapping[str, Any]) -> str:
    seconds = metrics.get("seconds")
    return _("in %(seconds)s s") % {"seconds": _number(seconds, 0)} if seconds else ""


def _number(value: Any, decimals: int = 2) -> str:
    if not isinstance(value, int | float):
        return "–"
    return number_format(round(value, decimals), decimals, use_l10n=True, force_grouping=True).replace("-", "−")


def _signed(value: Any) -> str:
    text = _number(value)
    return f"+{text}" if isinstance(value, int | float) and value > 0 else text
