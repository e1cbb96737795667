"""Who may execute a run, and whose word counts. Every change is one conditional UPDATE that counts its rows.

The attempt is the fencing token: it rises with each claim and never falls, and whatever is written afterwards names
it, so that a worker that was thought dead changes nothing when it comes back.
"""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils.translation import gettext as _

from runs.errors import StaleAttempt
from runs.kinds import all_kinds, computing_kinds
from runs.models import Run

# Any constant serves; it only has to be the same everywhere.
COMPUTE_SLOT_LOCK = 7_164_502_111


@dataclass(frozen=True)
class Pulse:
    """What a heartbeat learned: whether the attempt still holds the run, and whether somebody wants it stopped."""

    is_held: bool
    cancel_requested: bool


def worker_name() -> str:
    """This process, for people who look for it: host and process id."""
    return f"{socket.gethostname()}:{os.getpid()}"[:120]


def claim_run(*, run_id: UUID | str, worker: str) -> Run | None:
    """Take a queued run: one wins, everyone else gets None.

    A computing run is taken only while one of PLUMBLINE_COMPUTE_SLOTS is free, and no kind is taken that this process
    does not know.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":  # two claims of different runs must not both see the last free slot
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [COMPUTE_SLOT_LOCK])
        claimed = (
            claimable_runs()
            .filter(pk=run_id)
            .update(
                state=Run.State.RUNNING,
                attempt=F("attempt") + 1,
                worker=worker,
                heartbeat_at=Now(),
                started_at=Coalesce("started_at", Now()),
                attempt_started_at=Now(),
                attempt_progress=F("progress_done"),
            )
        )
        return Run.objects.get(pk=run_id) if claimed else None


def claimable_runs() -> QuerySet[Run]:
    """Queued runs that this process could claim now, oldest first."""
    computing = computing_kinds()
    busy = (
        Run.objects.filter(state=Run.State.RUNNING, kind__in=computing)
        .order_by()
        .annotate(one=Value(1))
        .values("one")
        .annotate(busy=Count("pk"))
        .values("busy")
    )
    return (
        Run.objects.annotate(busy=Coalesce(Subquery(busy, output_field=IntegerField()), 0))
        .filter(~Q(kind__in=computing) | Q(busy__lt=settings.PLUMBLINE_COMPUTE_SLOTS))
        .filter(state=Run.State.QUEUED, kind__in=list(all_kinds()), attempt__lt=F("max_attempts"))
        .order_by("created_at", "pk")
    )


def heartbeat(*, run_id: UUID, attempt: int) -> Pulse:
    """Say that the attempt lives, and hear whether it should go on."""
    held = _held(run_id, attempt)
    if not held.update(heartbeat_at=Now()):
        return Pulse(is_held=False, cancel_requested=False)
    return Pulse(is_held=True, cancel_requested=held.filter(cancel_requested_at__isnull=False).exists())


def record_progress(*, run_id: UUID, attempt: int, done: int, total: int | None) -> bool:
    """Store how far the attempt is; False when it no longer holds the run."""
    return bool(_held(run_id, attempt).update(progress_done=done, progress_total=total))


def finish_run(
    *, run_id: UUID, attempt: int, result: dict[str, Any], finish: Callable[[], dict[str, Any]] | None = None
) -> None:
    """Close a run as succeeded.

    Args:
        result: what it brought.
        finish: turns the result into rows; runs in the same transaction, so its rows exist if and only if the run
            succeeded.

    Raises: StaleAttempt, and then nothing was stored.
    """
    with transaction.atomic():
        _close(run_id, attempt, Run.State.SUCCEEDED)
        if finish is not None:
            result = finish()
        Run.objects.filter(pk=run_id).update(
            result=result or {}, progress_done=Coalesce("progress_total", "progress_done")
        )


def fail_run(*, run_id: UUID, attempt: int, error: str) -> None:
    """Close a run as failed, for a reason that a person reads. Raises: StaleAttempt."""
    _close(run_id, attempt, Run.State.FAILED, error=error)


def close_as_cancelled(*, run_id: UUID, attempt: int) -> None:
    """Close a run that was asked to stop and has stopped. Raises: StaleAttempt."""
    _close(run_id, attempt, Run.State.CANCELLED)


def put_back(*, run_id: UUID, attempt: int) -> None:
    """Return an interrupted run to the queue as if this attempt had not been: the limit rises with it.

    The attempt's number itself stays used, because it is what tells a late write apart.

    Raises: StaleAttempt.
    """
    _require(
        _held(run_id, attempt).update(
            state=Run.State.QUEUED, max_attempts=F("max_attempts") + 1, heartbeat_at=None, worker=""
        )
    )


def try_again(*, run_id: UUID, attempt: int, reason: str) -> bool:
    """Return a run whose attempt died to the queue, or fail it with the reason when this was its last one.

    Returns: whether it will be tried again.
    Raises: StaleAttempt.
    """
    held = _held(run_id, attempt)
    if held.filter(attempt__lt=F("max_attempts")).update(
        state=Run.State.QUEUED, heartbeat_at=None, worker="", error=reason
    ):
        return True
    fail_run(run_id=run_id, attempt=attempt, error=reason)
    return False


def _held(run_id: UUID, attempt: int) -> QuerySet[Run]:
    return Run.objects.filter(pk=run_id, state=Run.State.RUNNING, attempt=attempt)


def _close(run_id: UUID, attempt: int, state: str, *, error: str = "") -> None:
    _require(_held(run_id, attempt).update(state=state, error=error, finished_at=Now(), heartbeat_at=None))


def _require(rows: int) -> None:
    if not rows:
        raise StaleAttempt(_("Another attempt has taken over this run; what this one brought is refused."))
