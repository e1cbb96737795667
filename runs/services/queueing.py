"""Putting runs into the queue, taking them out of it, and letting failed ones go on. Nothing here enqueues."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from config.storable_json import require_storable
from runs.errors import AlreadyFinished, NotResumable
from runs.kinds import kind_named
from runs.models import Run

ATTEMPTS = 3  # how often a run is tried before it fails


def queue_run(
    *,
    kind: str,
    config: dict[str, Any],
    title: str,
    created_by: Any = None,
    scope: str = "",
    lineage: Iterable[dict[str, str]] = (),
    pk: UUID | None = None,
) -> Run:
    """Record that a job is wanted. The caller then sends `execute_run.delay_on_commit(str(run.pk))`.

    Args:
        kind: a registered kind's name.
        config: what the kind needs, JSON only; becomes the child's config.json.
        scope: the slug of the project it belongs to, "" for the installation.
        lineage: what it is made from, `{"label", "url", "kind"}` each.
        pk: its own, where one request may come twice: IntegrityError if there is such a run. A new one by default.

    Raises: UnknownKind; NotStorable for a config that is no JSON.
    """
    kind_named(kind)
    require_storable(config)
    return Run.objects.create(
        pk=pk or uuid4(),
        kind=kind,
        config=config,
        title=title[:200],
        created_by=created_by,
        scope=scope,
        lineage=list(lineage),
        max_attempts=ATTEMPTS,
    )


def asked_before(*, client_id: UUID | None, kind: str, asked: Mapping[str, Any], created_by: Any) -> Run | None:
    """The run that this person's page has started already, if it asks the same again.

    Args:
        client_id: made when the page was rendered; None for whoever has no page.
        asked: what the page asks, of the run's config.
    """
    if client_id is None:
        return None
    first = Run.objects.filter(pk=client_id, kind=kind, created_by=created_by).first()
    return first if first and asked.items() <= first.config.items() else None


def queue_once(
    *, client_id: UUID | None, asked: Mapping[str, Any], kind: str, created_by: Any = None, **wanted: Any
) -> Run:
    """`queue_run`, but a page that is sent twice starts one run. Args: as for `asked_before` and `queue_run`."""
    try:
        with transaction.atomic():
            return queue_run(kind=kind, created_by=created_by, pk=client_id, **wanted)
    except IntegrityError:
        if client_id is None:
            raise
    first = asked_before(client_id=client_id, kind=kind, asked=asked, created_by=created_by)
    # Without a first one the page was changed before it was sent again.
    return first or queue_run(kind=kind, created_by=created_by, **wanted)


def request_cancel(run_id: UUID | str) -> Run:
    """Stop a run: a queued one at once, a running one as soon as its worker has saved. Asking twice changes nothing.

    Raises: AlreadyFinished.
    """
    queued = Run.objects.filter(pk=run_id, state=Run.State.QUEUED)
    if not queued.update(state=Run.State.CANCELLED, cancel_requested_at=Now(), finished_at=Now()):
        running = Run.objects.filter(pk=run_id, state=Run.State.RUNNING)
        running.filter(cancel_requested_at=None).update(cancel_requested_at=Now())
    run = Run.objects.get(pk=run_id)
    if run.state in (Run.State.SUCCEEDED, Run.State.FAILED):
        raise AlreadyFinished(_("This run has ended already; there is nothing to cancel."))
    return run


def resume_run(run_id: UUID | str) -> Run:
    """Let a failed or cancelled run go on from its newest checkpoint, with fresh attempts.

    Raises: NotResumable.
    """
    stopped = Run.objects.filter(pk=run_id, state__in=[Run.State.FAILED, Run.State.CANCELLED])
    resumed = stopped.update(
        state=Run.State.QUEUED,
        max_attempts=F("attempt") + ATTEMPTS,
        cancel_requested_at=None,
        heartbeat_at=None,
        finished_at=None,
        worker="",
        error="",
    )
    run = Run.objects.get(pk=run_id)
    if not resumed:
        raise NotResumable(
            _("Only a failed or cancelled run can be resumed; this one is %(state)s.")
            % {"state": run.get_state_display()}
        )
    return run
