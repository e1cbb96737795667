"""Sweeps whose runs have ended, without training anything."""

from typing import Any

from django.utils import timezone

from labeling.models import Snapshot
from rewardmodel.models import RewardModel, Sweep, SweepRun
from rewardmodel.services.sweep import queue_sweep
from runs.models import Run
from tests.rewardmodel.rows import make_reward_model, make_snapshot


def make_sweep(snapshot: Snapshot | None = None, **wishes: Any) -> Sweep:
    """A queued sweep; two learning rates unless told."""
    wishes.setdefault("vary", {"learning_rate": [1e-5, 1e-4]})
    return queue_sweep(snapshot=snapshot or make_snapshot(prompts=6), **wishes).sweep


def validated(loss: float, *, accuracy: float = 0.7, width: float = 0.01) -> dict[str, Any]:
    """What a training says of its validation split; its intervals reach so far to each side."""
    ends = {"low": loss - width, "high": loss + width}
    share = {"value": accuracy, "low": accuracy - width, "high": accuracy + width}
    return {"pairs": 300, "prompts": 60, "log_loss": {"value": loss, **ends}, "accuracy": share}


def end(asked: SweepRun, loss: float | None, *, test: float = 0.6, **figures: Any) -> RewardModel:
    """Let a run of a sweep succeed with that validation log loss, or without one, and leave its model."""
    Run.objects.filter(pk=asked.run_id).update(state=Run.State.SUCCEEDED, finished_at=timezone.now())
    none = {"value": None, "reason": "fewer than 20"}
    validation = {"log_loss": none, "accuracy": none} if loss is None else validated(loss, **figures)
    metrics = {
        "accuracy": test, "accuracy_low": test - 0.02, "accuracy_high": test + 0.02, "split": "test",
        "validation": validation,
    }  # fmt: skip
    run = Run.objects.get(pk=asked.run_id)
    return make_reward_model(
        name=run.config["name"], snapshot=asked.sweep.snapshot, run=run, metrics=metrics, config=run.config["settings"]
    )
