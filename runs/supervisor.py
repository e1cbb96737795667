"""Watching over one child process until it ends: metrics in, cancel out, and a sentence for every way it can go."""

import json
import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.utils.translation import gettext as _

from runs import interruption
from runs.children import Child, stop_leftover_child
from runs.directories import log_tail
from runs.errors import ChildFailed, ChildKilled, RunCancelled, RunInterrupted, StaleAttempt
from runs.kinds import RunKind
from runs.models import Run
from runs.services.metrics import MetricsTail
from runs.services.progress import Progress

logger = logging.getLogger(__name__)

EXIT_SUCCESS = 0
EXIT_STOPPED = 75  # the child saved and stopped because it was asked to
LOOK_SECONDS = 0.2
COPY_SECONDS = 1.0


def supervise(run: Run, kind: RunKind, directory: Path, progress: Progress) -> dict[str, Any]:
    """Have the child compute, and return what it wrote into result.json.

    A result that an earlier attempt left behind is taken as it is: the computing was done, only nobody was left to
    store it.

    Raises:
        ChildFailed: it said why it cannot, or ended without a result.
        ChildKilled: it died of a signal, or stopped although nobody asked; worth another attempt.
        RunCancelled, RunInterrupted: it was stopped because the run should stop.
        StaleAttempt: another attempt holds the run; the child was ended.
    """
    assert kind.child_module is not None  # noqa: S101  RunKind guarantees it
    stop_leftover_child(directory)
    if (earlier := _read_json(directory / "result.json")) is not None:
        return earlier
    (directory / "error.json").unlink(missing_ok=True)
    write_config(run.config, directory)
    if kind.prepare is not None:
        kind.prepare(run, directory)
    progress.stop_if_asked()
    tail = MetricsTail(run_id=run.pk, attempt=run.attempt, file=directory / "metrics.jsonl")
    child = Child(kind.child_module, directory)
    try:
        exit_code = _watch(child, tail, progress)
    except BaseException:
        child.stop(settings.PLUMBLINE_RUN_LEAVE_SECONDS)
        raise
    finally:
        child.send(signal.SIGKILL)  # whatever the child itself may have started
    _copy(tail, progress)
    return _outcome(exit_code, run, directory, progress)


def write_config(config: dict[str, Any], directory: Path) -> None:
    """Write config.json so that a reader sees the old file or the new one, whole."""
    partial = directory / f".config.json.{os.getpid()}"
    partial.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    partial.replace(directory / "config.json")


def _watch(child: Child, tail: MetricsTail, progress: Progress) -> int:
    """Wait for the end; returns the exit code. A wish to stop becomes SIGTERM, and SIGKILL after the grace."""
    copied_at = time.monotonic()
    kill_at: float | None = None
    while (exit_code := child.wait(LOOK_SECONDS)) is None:
        now = time.monotonic()
        if now - copied_at >= COPY_SECONDS:
            _copy(tail, progress)
            copied_at = now
        try:
            progress.stop_if_asked()
        except StaleAttempt:
            raise
        except (RunCancelled, RunInterrupted) as wish:
            leaving = isinstance(wish, RunInterrupted) or interruption.is_leaving()
            grace = settings.PLUMBLINE_RUN_LEAVE_SECONDS if leaving else settings.PLUMBLINE_RUN_CANCEL_SECONDS
            if kill_at is None:
                child.send(signal.SIGTERM)
                kill_at = now + grace
            kill_at = min(kill_at, now + grace)
        if kill_at is not None and now >= kill_at:
            child.send(signal.SIGKILL)
    return exit_code


def _copy(tail: MetricsTail, progress: Progress) -> None:
    """Bring the database up to date; one that is away for a moment is no reason to end the child."""
    try:
        tail.copy()
        if tail.progress is not None:
            progress.report(*tail.progress)
    except (DatabaseError, InterfaceError) as error:
        if connection.in_atomic_block:
            raise
        logger.warning("Run %s: the database is away (%s); metrics wait in their file.", tail.run_id, error)
        connection.close()


def _outcome(exit_code: int, run: Run, directory: Path, progress: Progress) -> dict[str, Any]:
    result = _read_json(directory / "result.json")
    if exit_code == EXIT_SUCCESS and result is not None:
        return result
    error = _read_json(directory / "error.json")
    if error is not None and exit_code > 0 and exit_code != EXIT_STOPPED:
        raise ChildFailed(str(error.get("message") or _("The child process failed without a reason.")))
    progress.stop_if_asked()  # a child that ended because it was asked to did nothing wrong
    if exit_code == EXIT_STOPPED:
        raise ChildKilled(_("The computing process was asked to stop by someone else, and saved."))
    if exit_code == -signal.SIGKILL:
        raise ChildKilled(_("The computing process was killed (signal 9; often that means that memory ran out)."))
    if exit_code < 0:
        raise ChildKilled(_("The computing process was killed (signal %(number)d).") % {"number": -exit_code})
    last_words = "\n".join(log_tail(run, lines=5))
    raise ChildFailed(
        _("The computing process ended with code %(code)d and no result. The end of its log:\n%(log)s")
        % {"code": exit_code, "log": last_words}
    )


def _read_json(file: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return value if isinstance(value, dict) else None
