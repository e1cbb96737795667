"""Finding runs whose worker fell silent, and giving them to another."""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from runs.models import Run


@dataclass(frozen=True)
class Reaped:
    """How many silent runs went back into the queue, failed, or were cancelled as somebody had asked."""

    requeued: int
    failed: int
    cancelled: int


def reap_silent_runs() -> Reaped:
    """Take runs from workers that have not been heard of for PLUMBLINE_RUN_SILENCE_SECONDS.

    Safe to run anywhere, any number of times at once: each change is conditional on the silence it reacts to, and
    times are the database's own.
    """
    cancelled = (
        _silent()
        .filter(cancel_requested_at__isnull=False)
        .update(state=Run.State.CANCELLED, finished_at=Now(), heartbeat_at=None)
    )
    silence = _("The worker that executed this run stopped answering.")
    requeued = (
        _silent()
        .filter(attempt__lt=F("max_attempts"))
        .update(state=Run.State.QUEUED, heartbeat_at=None, worker="", error=silence)
    )
    failed = _silent().update(
        state=Run.State.FAILED,
        finished_at=Now(),
        heartbeat_at=None,
        error=_(
            "The worker that executed this run stopped answering, at the last attempt. Look at its log, then resume."
        ),
    )
    return Reaped(requeued=requeued, failed=failed, cancelled=cancelled)


def _silent() -> QuerySet[Run]:
    limit = timedelta(seconds=settings.PLUMBLINE_RUN_SILENCE_SECONDS)
    return Run.objects.filter(state=Run.State.RUNNING, heartbeat_at__lt=Now() - limit)
