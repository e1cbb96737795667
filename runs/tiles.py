"""The four figures at the top of a run's page, picked from what the run brought or measured last."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from runs.models import Run

Figures = Mapping[str, Any]
MOST_TILES = 4


@dataclass(frozen=True)
class Tile:
    label: str
    figure: str
    note: str = ""


def tiles_for(run: Run, latest: Mapping[str, Figures]) -> list[Tile]:
    """At most four tiles.

    Args:
        latest: the newest values by split ("train", "validation", "" when a line names none).
    """
    tiles = [*_from_result(run.result), *([] if run.is_finished else _from_metrics(latest)), _time(run)]
    return [*tiles[: MOST_TILES - 1], tiles[-1]] if len(tiles) > MOST_TILES else tiles


def figure(value: Any) -> str:
    """A number as people read it: three decimals for shares and losses, separators for counts."""
    if value is None:
        return "–"
    if isinstance(value, int):
        return number_format(value, use_l10n=True, force_grouping=True)
    decimals = 3 if abs(value) < 10 else 1 if abs(value) < 1000 else 0
    return number_format(round(value, decimals), decimals, force_grouping=True)  # which would cut digits off, not round


def duration(length: timedelta) -> str:
    """A length of time in its two largest units: "2 h 05 min", "3 min 20 s", "12 s"."""
    seconds = max(int(length.total_seconds()), 0)
    if seconds >= 3600:
        return _("%(hours)d h %(minutes)02d min") % {"hours": seconds // 3600, "minutes": seconds % 3600 // 60}
    if seconds >= 60:
        return _("%(minutes)d min %(seconds)02d s") % {"minutes": seconds // 60, "seconds": seconds % 60}
    return _("%(seconds)d s") % {"seconds": seconds}


def time_left(run: Run) -> timedelta | None:
    """How long the run will take from here at the pace of this attempt; None while that says nothing."""
    if run.state != Run.State.RUNNING or not run.progress_total or run.attempt_started_at is None:
        return None
    done = run.progress_done - run.attempt_progress
    spent = timezone.now() - run.attempt_started_at
    if done <= 0 or spent < timedelta(seconds=3):
        return None
    return spent * (max(run.progress_total - run.progress_done, 0) / done)


def _from_result(result: Figures) -> Iterator[Tile]:
    for name, (label, note) in _RESULT_TILES.items():
        value = result.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield Tile(label=_(label), figure=figure(value), note=note(result))


def _from_metrics(latest: Mapping[str, Figures]) -> Iterator[Tile]:
    for split in ("validation", "train", ""):
        figures = latest.get(split, {})
        for name, label in (
            ("reward", _("Reward")),
            ("loss", _("Loss")),
            ("accuracy", _("Accuracy")),
            ("kl_nats", "KL"),
        ):
            if isinstance(figures.get(name), int | float):
                yield Tile(label=label, figure=figure(figures[name]), note=_SPLITS.get(split, lambda: "")())


def _time(run: Run) -> Tile:
    if run.started_at is None:
        return Tile(label=_("Waiting"), figure=duration((run.finished_at or timezone.now()) - run.created_at))
    note = _("attempt %(attempt)d") % {"attempt": run.attempt}
    return Tile(label=_("Time"), figure=duration((run.finished_at or timezone.now()) - run.started_at), note=note)


def _nothing(result: Figures) -> str:
    return ""


def _interval(result: Figures) -> str:
    parts = []
    if result.get("accuracy_low") is not None and result.get("accuracy_high") is not None:
        parts.append(f"{figure(result['accuracy_low'])} – {figure(result['accuracy_high'])}")
    if isinstance(pairs := result.get("pairs"), int):
        parts.append(ngettext("%(count)s pair", "%(count)s pairs", pairs) % {"count": figure(pairs)})
    return " · ".join(parts)


def _gain(result: Figures) -> str:
    if result.get("reward_gain_low") is None or result.get("reward_gain_high") is None:
        return ""
    return f"{figure(result['reward_gain_low'])} … {figure(result['reward_gain_high'])}"


def _temperature(result: Figures) -> str:
    value = result.get("temperature")
    return _("temperature %(value)s") % {"value": figure(value)} if isinstance(value, int | float) else ""


def _rejected(result: Figures) -> str:
    return _("%(rows)s read, %(rejected)s rejected, %(unchanged)s unchanged") % {
        name: figure(result.get(name, 0)) for name in ("rows", "rejected", "unchanged")
    }


_SPLITS: dict[str, Callable[[], str]] = {"validation": lambda: _("validation"), "train": lambda: _("training")}
# name in the result → label, and what stands below the figure
_RESULT_TILES: dict[str, tuple[str, Callable[[Figures], str]]] = {
    "accuracy": (gettext_noop("Held-out accuracy"), _interval),
    "ece": (gettext_noop("Calibration (ECE)"), _temperature),
    "log_loss": (gettext_noop("Log loss"), _nothing),
    "accepted": (gettext_noop("Rows accepted"), _rejected),
    "reward": (gettext_noop("Mean reward"), _nothing),
    "mean_reward": (gettext_noop("Mean reward"), _nothing),
    "reward_gain": (gettext_noop("Gain in reward"), _gain),
    "kl": (gettext_noop("KL to the reference"), lambda result: _("nats")),
    "kl_nats": (gettext_noop("KL to the reference"), lambda result: _("nats an answer")),
    "scored": (gettext_noop("Responses scored"), _nothing),
    "responses": (gettext_noop("New responses"), _nothing),
    "demonstrations": (gettext_noop("Demonstrations"), _nothing),
    "conversations": (gettext_noop("Conversations"), _nothing),
    "comparisons": (gettext_noop("Comparisons"), _nothing),
    "comparisons_per_second": (gettext_noop("Speed"), lambda result: _("comparisons a second")),
    "steps": (gettext_noop("Steps"), _nothing),
}
