"""Two kinds of run for tests, one that works in the worker and one in a child."""

import time
from pathlib import Path
from typing import Any

from runs.kinds import RunKind, register
from runs.models import Run
from runs.services.progress import Progress
from runs.services.queueing import queue_run


class RefusedByTrial(Exception):
    """What a kind raises by mistake."""


def count(run: Run, progress: Progress) -> dict[str, Any]:
    """Count to config["steps"], with config["seconds_per_step"] between."""
    steps = run.config.get("steps", 3)
    if "raise" in run.config:
        raise RefusedByTrial(run.config["raise"])
    for step in range(1, steps + 1):
        time.sleep(run.config.get("seconds_per_step", 0))
        progress(step, steps)
    return {"counted": steps}


def note_preparation(run: Run, directory: Path) -> None:
    (directory / "prepared.txt").write_text(run.title)


def finish(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    return {**result, "prepared": (directory / "prepared.txt").read_text()}


def queue_from_api(*, person: Any, config: dict[str, Any], title: str, scope: str) -> Run:
    return queue_run(kind="trial_child", config=config, title=title or "From outside", created_by=person, scope=scope)


def queue_scheduled(config: dict[str, Any]) -> Run | None:
    return queue_run(kind="trial_count", config=config, title="Scheduled") if config.get("news", True) else None


def register_kinds() -> None:
    register(RunKind(name="trial_count", title="Count", execute=count, queue_scheduled=queue_scheduled))
    register(
        RunKind(
            name="trial_child",
            title="Count in a child",
            child_module="tests.runs.trial_child",
            prepare=note_preparation,
            finish=finish,
            queue_from_api=queue_from_api,
        )
    )
