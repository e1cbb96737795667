"""Celery is only the door: a message says "look", the row says what is to be done. Every task is safe twice."""

import logging
from typing import Any

from celery import shared_task
from celery.contrib.django.task import DjangoTask
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from runs import interruption
from runs.errors import UnknownKind
from runs.kinds import kind_named
from runs.services.claiming import claim_run, claimable_runs, worker_name
from runs.services.executing import execute_claimed
from runs.services.reaping import reap_silent_runs

logger = logging.getLogger(__name__)

NUDGE_LIMIT = 20
NUDGE_EXPIRES_SECONDS = 30


class Nudge(DjangoTask):
    """A task whose message may get lost: when the broker is away, the caller goes on, and the beat sends it again."""

    Request = "runs.arrival:AckOnArrival"  # a name, so that the web process need not load the worker

    def apply_async(self, *args: Any, **options: Any) -> Any:
        try:
            return super().apply_async(*args, **options)
        except (OperationalError, OSError) as error:
            logger.warning("The broker is away (%s); the next nudge will find the run.", error)
            return None


@shared_task(base=Nudge)
def execute_run(run_id: str) -> None:
    """Claim the run and carry it to the end of this attempt; do nothing when it is not there to be claimed."""
    with interruption.interruptible():
        run = None if interruption.is_leaving() else claim_run(run_id=run_id, worker=worker_name())
        if run is not None:
            execute_claimed(run)
            nudge_runs()


@shared_task(base=Nudge)
def nudge_runs() -> None:
    """Send a message for the queued runs that could start now. Heals every message that was lost."""
    for run_id in claimable_runs().values_list("pk", flat=True)[:NUDGE_LIMIT]:
        execute_run.apply_async(args=[str(run_id)], expires=NUDGE_EXPIRES_SECONDS)


@shared_task(base=Nudge)
def reap_runs() -> None:
    """Take runs away from workers that fell silent."""
    reap_silent_runs()


@shared_task(base=Nudge)
def queue_scheduled(kind: str, config: dict[str, Any] | None = None) -> None:
    """What a periodic task calls: queue a run of a kind that allows it, e.g. retraining every night."""
    queue = kind_named(kind).queue_scheduled
    if queue is None:
        raise UnknownKind(_("Runs of the kind “%(kind)s” cannot be scheduled.") % {"kind": kind})
    if (run := queue(config or {})) is not None:
        execute_run.delay_on_commit(str(run.pk))
