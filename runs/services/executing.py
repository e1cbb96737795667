"""What happens between a claim and the end of an attempt."""

import logging
import shutil
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.utils import translation
from django.utils.translation import gettext as _

from config.errors import PlumblineError
from runs.directories import append_log, run_directory
from runs.errors import ChildKilled, LeftoverChild, RunCancelled, RunInterrupted, StaleAttempt
from runs.kinds import RunKind, kind_named
from runs.models import Run
from runs.services.claiming import close_as_cancelled, fail_run, finish_run, put_back, try_again
from runs.services.progress import Progress
from runs.services.queueing import ATTEMPTS
from runs.supervisor import supervise

logger = logging.getLogger(__name__)


def execute_claimed(run: Run) -> None:
    """Carry one attempt to its end. The row tells afterwards how it ended; expected failures do not raise.

    What the row says is said in the language of whoever started the run.

    Args:
        run: as `claim_run` returned it; its `attempt` is the token under which everything is written.
    """
    with translation.override(getattr(run.created_by, "language", "") or settings.LANGUAGE_CODE):
        _execute(run)


def _execute(run: Run) -> None:
    kind = kind_named(run.kind)
    append_log(run, f"· attempt {run.attempt} by {run.worker}")
    try:
        with Progress(run) as progress:
            if kind.execute is not None:
                result = kind.execute(run, progress) or {}
                finish_run(run_id=run.pk, attempt=run.attempt, result=result)
            else:
                _execute_in_a_child(run, kind, progress)
    except StaleAttempt:
        logger.warning("Run %s: attempt %d was overtaken; what it brought is refused.", run.pk, run.attempt)
    except (RunCancelled, KeyboardInterrupt):
        _end(run, "cancelled", lambda: close_as_cancelled(run_id=run.pk, attempt=run.attempt))
    except RunInterrupted:
        _end(run, "interrupted, back in the queue", lambda: put_back(run_id=run.pk, attempt=run.attempt))
    except (ChildKilled, LeftoverChild) as error:
        reason = _with_count(str(error), run)
        _end(run, reason, lambda: try_again(run_id=run.pk, attempt=run.attempt, reason=reason))
    except (OperationalError, InterfaceError) as error:
        if not connection.in_atomic_block:
            connection.close()
        reason = _with_count(_("The database was away: %(error)s") % {"error": error}, run)
        _end(run, reason, lambda: try_again(run_id=run.pk, attempt=run.attempt, reason=reason))
    except PlumblineError as error:
        reason = str(error)
        _end(run, reason, lambda: fail_run(run_id=run.pk, attempt=run.attempt, error=reason))
    except Exception as error:  # a defect: the row says so, the traceback goes to the worker's log
        logger.exception("Run %s failed.", run.pk)
        reason = f"{type(error).__name__}: {error}"
        _end(run, reason, lambda: fail_run(run_id=run.pk, attempt=run.attempt, error=reason))
    else:
        logger.info("Run %s (%s) succeeded.", run.pk, run.kind)


def _execute_in_a_child(run: Run, kind: RunKind, progress: Progress) -> None:
    directory = run_directory(run)

    def finish() -> dict[str, Any]:
        return kind.finish(run, directory, result) if kind.finish is not None else result

    result = supervise(run, kind, directory, progress)
    finish_run(run_id=run.pk, attempt=run.attempt, result=result, finish=finish)
    shutil.rmtree(directory / "checkpoints", ignore_errors=True)  # a run that succeeded is never resumed


def _end(run: Run, reason: str, close: Callable[[], object]) -> None:
    append_log(run, f"· {reason}")
    logger.info("Run %s (%s), attempt %d: %s", run.pk, run.kind, run.attempt, reason)
    try:
        close()
    except StaleAttempt:
        logger.warning("Run %s: attempt %d was overtaken.", run.pk, run.attempt)


def _with_count(reason: str, run: Run) -> str:
    """The reason, and how often by now it was the end of an attempt: "… was killed (signal 9), three times."."""
    tried = ATTEMPTS - (run.max_attempts - run.attempt)
    if tried < 2:
        return reason
    times = {2: _("twice"), 3: _("three times")}.get(tried, _("%(count)d times") % {"count": tried})
    return _("%(reason)s, %(times)s.") % {"reason": reason.rstrip("."), "times": times}
