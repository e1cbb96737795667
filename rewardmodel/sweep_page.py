"""A sweep as its page shows it: a table of runs, what validation chooses, a drawing for each setting, what is left."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from labeling.charts import three_decimals
from rewardmodel.core.config.sweep import LOG
from rewardmodel.models import RewardModelAlias, Sweep
from rewardmodel.sweep_charts import SettingChart, said_value, setting_chart
from rewardmodel.sweep_outcomes import Choice, Figure, Outcome, choice_among, outcomes_of
from runs.models import Run

LOSS, ACCURACY = "loss", "accuracy"
SORTS = (LOSS, ACCURACY)
SEED = "seed"
TEST_FIGURE = {"value": "accuracy", "low": "accuracy_low", "high": "accuracy_high"}
ENDED = (Run.State.SUCCEEDED, Run.State.FAILED, Run.State.CANCELLED)


@dataclass(frozen=True)
class Row:
    """One run: what it varies, what validation says of it, and what the test split says."""

    outcome: Outcome
    cells: tuple[str, ...]
    loss: Figure
    accuracy: Figure
    test: Figure
    is_best: bool


@dataclass(frozen=True)
class Progress:
    """How far a sweep is.

    Args:
        counts: runs by state, of the states that occur.
        working: runs that are being executed, with how much of 100 each has done; None where that is not known.
    """

    total: int
    ended: int
    counts: tuple[tuple[str, Any, int], ...]
    working: tuple[tuple[Run, float | None], ...]

    @property
    def is_live(self) -> bool:
        return self.ended < self.total


@dataclass(frozen=True)
class SweepPage:
    """What a sweep found.

    Args:
        columns: settings that differ between runs, and the seed where there are several.
        chosen: what validation chooses, a setting and its value each. mean_loss: of it, over its seeds.
        asked: which values each setting was to take, in words, and whether they were drawn from a range.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    choice: Choice | None
    chosen: tuple[tuple[str, str], ...]
    mean_loss: str
    is_champion: bool
    asked: tuple[tuple[str, str, bool], ...]
    charts: tuple[SettingChart, ...]
    sort: str


def sweep_page(sweep: Sweep, *, sort: str = LOSS) -> SweepPage:
    """Everything but the progress. Args: sort: "loss" or "accuracy"; what is not measured stands below."""
    outcomes = outcomes_of(sweep)
    choice = choice_among(outcomes)
    varied = tuple(sorted(sweep.asked["vary"]))
    columns = (*varied, SEED) if len(sweep.asked["seeds"]) > 1 else varied
    best = choice.best if choice else None
    return SweepPage(
        columns=columns,
        rows=tuple(_row(outcome, columns, is_best=outcome is best) for outcome in _sorted(outcomes, sort)),
        choice=choice,
        chosen=tuple((name, said_value(choice.setting.settings[name])) for name in varied) if choice else (),
        mean_loss=three_decimals(choice.setting.loss) if choice else "",
        is_champion=best is not None and _is_champion(best),
        asked=tuple((name, *_said_values(sweep.asked["vary"][name])) for name in varied),
        charts=_charts(sweep, varied, outcomes, best),
        sort=sort,
    )


def progress_of(sweep: Sweep) -> Progress:
    """How far a sweep is, by its runs."""
    runs = [one.run for one in sweep.trainings.select_related("run").order_by("position")]
    counts = Counter(run.state for run in runs)
    working = tuple((run, _share(run)) for run in runs if run.state == Run.State.RUNNING)
    states = tuple((state.value, state.label, counts[state.value]) for state in Run.State if counts[state.value])
    return Progress(len(runs), sum(counts[state] for state in ENDED), states, working)


def _row(outcome: Outcome, columns: Sequence[str], *, is_best: bool) -> Row:
    known = {**outcome.settings, SEED: outcome.asked.seed}
    metrics = outcome.model.metrics if outcome.model else {}
    test = {end: metrics.get(name) for end, name in TEST_FIGURE.items()} if metrics.get("split") == "test" else {}
    return Row(
        outcome=outcome,
        cells=tuple(said_value(known[column]) for column in columns),
        loss=outcome.loss,
        accuracy=outcome.accuracy,
        test=test,
        is_best=is_best,
    )


def _is_champion(outcome: Outcome) -> bool:
    aliases = outcome.model.aliases.all() if outcome.model else []
    return any(alias.alias == RewardModelAlias.Name.CHAMPION for alias in aliases)


def _said_values(values: Any) -> tuple[str, bool]:
    """The values of a setting, or the range they were drawn from and that it was one."""
    if isinstance(values, list):
        return ", ".join(said_value(value) for value in values), False
    words = {"low": said_value(values["low"]), "high": said_value(values["high"])}
    if values["scale"] == LOG:
        return _("drawn from %(low)s to %(high)s, all orders of magnitude alike") % words, True
    return _("drawn from %(low)s to %(high)s, all alike") % words, True


def _sorted(outcomes: Sequence[Outcome], sort: str) -> list[Outcome]:
    """Measured runs by their figure, best first; then the others in the order asked."""
    measured = [outcome for outcome in outcomes if outcome.is_measured]
    others = [outcome for outcome in outcomes if not outcome.is_measured]
    if sort == ACCURACY:
        measured.sort(key=lambda one: -(one.accuracy.get("value") or 0.0))
    else:
        measured.sort(key=lambda one: one.loss["value"])
    return [*measured, *others]


def _charts(
    sweep: Sweep, varied: Sequence[str], outcomes: Sequence[Outcome], best: Outcome | None
) -> tuple[SettingChart, ...]:
    if best is None:
        return ()
    ranges = {name for name, values in sweep.asked["vary"].items() if isinstance(values, dict)}
    charts = [setting_chart(name, outcomes, best, is_range=name in ranges) for name in varied]
    return tuple(chart for chart in charts if chart is not None)


def _share(run: Run) -> float | None:
    return 100 * run.progress_done / run.progress_total if run.progress_total else None
