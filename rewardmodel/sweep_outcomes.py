"""What a sweep found: its runs by their figures on validation, and which settings and which model those choose.

Validation alone chooses. The figures on the test split are told beside, and never looked at here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from rewardmodel.models import RewardModel, Sweep, SweepRun
from runs.models import Run

Figure = Mapping[str, Any]  # {"value", "low", "high", …} or {"value": None, "reason"}


@dataclass(frozen=True)
class Outcome:
    """One run of a sweep, with its model as soon as there is one."""

    asked: SweepRun
    model: RewardModel | None

    @property
    def run(self) -> Run:
        return self.asked.run

    @property
    def settings(self) -> dict[str, Any]:
        """In what it differs from the others, its seed left out."""
        return dict(self.asked.varied)

    @property
    def loss(self) -> Figure:
        """Log loss on the validation split, in nats a pair."""
        return self._validation("log_loss")

    @property
    def accuracy(self) -> Figure:
        """Share of the validation split's pairs in the right order."""
        return self._validation("accuracy")

    @property
    def is_measured(self) -> bool:
        """Whether it can be chosen."""
        return self.loss.get("value") is not None

    def _validation(self, name: str) -> Figure:
        figures = (self.model.metrics.get("validation") if self.model else None) or {}
        return figures.get(name) or {}


@dataclass(frozen=True)
class Setting:
    """One combination of settings with the runs of its seeds that were measured, best first."""

    settings: dict[str, Any]
    outcomes: tuple[Outcome, ...]

    @property
    def best(self) -> Outcome:
        return self.outcomes[0]

    @property
    def loss(self) -> float:
        """Mean validation log loss over seeds, in nats."""
        return fmean(outcome.loss["value"] for outcome in self.outcomes)

    @property
    def accuracy(self) -> float | None:
        """Mean validation accuracy over seeds."""
        values = [outcome.accuracy.get("value") for outcome in self.outcomes]
        known = [value for value in values if value is not None]
        return fmean(known) if known else None


@dataclass(frozen=True)
class Choice:
    """What validation chooses.

    Args:
        setting: the one whose log loss is lowest, on average over seeds.
        others: settings that were measured beside it.
        overlapping: those of them whose best run's 95 % interval overlaps that of the chosen one's.
    """

    setting: Setting
    others: int
    overlapping: int

    @property
    def best(self) -> Outcome:
        return self.setting.best


def outcomes_of(sweep: Sweep) -> list[Outcome]:
    """Every run of a sweep, in the order asked."""
    asked = list(sweep.trainings.select_related("run").order_by("position"))
    models = {
        model.run_id: model
        for model in RewardModel.objects.filter(run__in=[one.run_id for one in asked]).prefetch_related("aliases")
    }
    return [Outcome(one, models.get(one.run_id)) for one in asked]


def settings_of(outcomes: Sequence[Outcome]) -> list[Setting]:
    """The combinations that were measured at all, in the order asked."""
    groups: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.is_measured:
            groups.setdefault(json.dumps(outcome.settings, sort_keys=True), []).append(outcome)
    return [
        Setting(group[0].settings, tuple(sorted(group, key=lambda one: one.loss["value"]))) for group in groups.values()
    ]


def choice_among(outcomes: Sequence[Outcome]) -> Choice | None:
    """What validation chooses of what is there; None before the first figure.

    A mean over few seeds is luckier than one over many: only settings with the most measured seeds are candidates.
    """
    settings = settings_of(outcomes)
    if not settings:
        return None
    seeds = max(len(setting.outcomes) for setting in settings)
    chosen = min((setting for setting in settings if len(setting.outcomes) == seeds), key=lambda setting: setting.loss)
    others = [setting for setting in settings if setting is not chosen]
    overlapping = sum(_overlap(setting.best.loss, chosen.best.loss) for setting in others)
    return Choice(chosen, others=len(others), overlapping=overlapping)


def best_of_its_sweep(model: RewardModel) -> RewardModel:
    """The model that the sweep of this one chooses so far; the model itself where it comes from none."""
    asked = SweepRun.objects.filter(run=model.run_id).select_related("sweep").first()
    choice = choice_among(outcomes_of(asked.sweep)) if asked else None
    return choice.best.model or model if choice else model


def _overlap(one: Figure, other: Figure) -> bool:
    return bool(one["low"] <= other["high"] and other["low"] <= one["high"])
