"""Leases: handing a comparison to one annotator, keeping it theirs, and taking it back.

Whoever changes a slot holds the row locks in one order: annotator, assignment, comparison.
"""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import AssignmentClosed, NothingToUndo
from labeling.models import Assignment, Comparison, ComparisonResponse, Judgment, Person, Project
from labeling.services.retractions import retract_judgment

State = Assignment.State
LIVE_STATES = (State.OPEN, State.DONE, State.SKIPPED)
RECLAIMED_AT_ONCE = 50
BLOCKING_TRIES = 3
_random = secrets.SystemRandom()


def lease_next(*, project: Project, annotator: Person) -> Assignment | None:
    """Hand the annotator the comparison they should judge next, or None when nothing is left for them.

    A lease they already hold comes back, renewed; one they reopened by undo comes first. Nobody gets a comparison
    twice, and no comparison is handed to more people than it wants.
    """
    now = timezone.now()
    if Assignment.objects.filter(project=project, state=State.OPEN, expires_at__lt=now).exists():
        reclaim_expired(project=project, now=now, spare=annotator)
    with transaction.atomic():
        Person.objects.select_for_update(no_key=True).filter(pk=annotator.pk).values("pk").get()
        held = (
            Assignment.objects.filter(project=project, annotator=annotator, state=State.OPEN)
            .order_by("-is_reopened", "closed_at", "created_at")
            .first()
        )
        if held is not None and _extend(held, project, now):
            return held
        comparison = _claim_slot(project, annotator)
        if comparison is None:
            return None
        shown = list(ComparisonResponse.objects.filter(comparison=comparison).values_list("response_id", flat=True))
        _random.shuffle(shown)
        return Assignment.objects.create(
            project=project,
            comparison=comparison,
            annotator=annotator,
            expires_at=now + timedelta(seconds=project.lease_seconds),
            shown_order=shown,
            guideline_version=project.guideline_versions.order_by("-number").first(),
        )


def _claim_slot(project: Project, annotator: Person) -> Comparison | None:
    """Take one slot of the first comparison in the queue that this person has not had.

    Rows that another transaction is claiming are skipped. Only when nothing else is left does this wait for them: the
    slot they take may not be the last one.
    """
    had = Assignment.objects.filter(comparison=OuterRef("pk"), annotator=annotator, state__in=LIVE_STATES)
    judged = Judgment.objects.filter(comparison=OuterRef("pk"), annotator=annotator)
    queue = (
        Comparison.objects.filter(project=project, open_slots__gt=0)
        .filter(~Exists(had), ~Exists(judged))
        .order_by(F("priority").desc(), "id")
    )
    for skip_locked in (True, *[False] * BLOCKING_TRIES):
        comparison = queue.select_for_update(skip_locked=skip_locked, no_key=True, of=("self",)).first()
        if comparison is None:
            if not queue.exists():
                return None
            continue
        taken = Comparison.objects.filter(pk=comparison.pk, open_slots__gt=0).update(open_slots=F("open_slots") - 1)
        if taken:
            return comparison
    return None


def _extend(assignment: Assignment, project: Project, now: datetime) -> bool:
    """Push an open lease's end; False when it was taken back meanwhile."""
    assignment.expires_at = now + timedelta(seconds=project.lease_seconds)
    return bool(Assignment.objects.filter(pk=assignment.pk, state=State.OPEN).update(expires_at=assignment.expires_at))


@transaction.atomic
def reclaim_expired(*, project: Project, now: datetime, spare: Person | None = None) -> int:
    """Take back leases that ran out, so that their comparisons can be handed to others; returns how many.

    The leases of `spare`, who is asking for work right now, are left to be renewed.
    """
    expired = list(
        Assignment.objects.filter(project=project, state=State.OPEN, expires_at__lt=now)
        .exclude(annotator=spare)
        .order_by("expires_at")
        .select_for_update(skip_locked=True, of=("self",))[:RECLAIMED_AT_ONCE]
    )
    for assignment in sorted(expired, key=lambda lease: lease.comparison_id):
        if assignment.is_reopened:
            _close(assignment, State.DONE, frees_slot=False)
        else:
            _close(assignment, State.EXPIRED, frees_slot=True)
    return len(expired)


def _close(assignment: Assignment, state: str, *, frees_slot: bool, **fields: object) -> None:
    """Close an assignment whose row the caller has locked, and give its slot back to the queue if it is free again.

    Raises: AssignmentClosed if it was not open any more.
    """
    closed = Assignment.objects.filter(pk=assignment.pk, state=State.OPEN).update(
        state=state, closed_at=timezone.now(), is_reopened=False, **fields
    )
    if not closed:
        raise AssignmentClosed(_("This comparison is no longer yours. Ask for the next one."))
    if frees_slot:
        Comparison.objects.filter(pk=assignment.comparison_id).update(open_slots=F("open_slots") + 1)


def renew_lease(*, assignment: Assignment) -> Assignment:
    """Keep an open assignment for another lease period.

    Raises: AssignmentClosed when it was answered, released, skipped or handed to someone else.
    """
    if not _extend(assignment, assignment.project, timezone.now()):
        raise AssignmentClosed(_("This comparison is no longer yours. Ask for the next one."))
    return assignment


@transaction.atomic
def release(*, assignment: Assignment) -> None:
    """Give an open assignment back; the same person may get it again. Raises: AssignmentClosed."""
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if locked.is_reopened:
        _close(locked, State.DONE, frees_slot=False)
    else:
        _close(locked, State.RELEASED, frees_slot=True)


@transaction.atomic
def skip(*, assignment: Assignment, reason: str) -> None:
    """Leave a comparison to others, and say why; it does not come back to this person.

    Skipping one that was reopened by undo withdraws the judgment given before. Raises: AssignmentClosed.
    """
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    frees_slot = retract_judgment(assignment=locked) if locked.is_reopened else True
    _close(locked, State.SKIPPED, frees_slot=frees_slot, skip_reason=reason[:2000])


@transaction.atomic
def reopen_last(*, project: Project, annotator: Person) -> Assignment:
    """Open the annotator's last judgment again for correction; it stands until a new one supersedes it.

    Raises: NothingToUndo when they have judged nothing here.
    """
    last = (
        Assignment.objects.filter(project=project, annotator=annotator, state=State.DONE)
        .order_by("-closed_at")
        .select_for_update(of=("self",))
        .first()
    )
    if last is None:
        raise NothingToUndo(_("There is no judgment of yours here to undo."))
    last.state = State.OPEN
    last.is_reopened = True
    last.expires_at = timezone.now() + timedelta(seconds=project.lease_seconds)
    last.save(update_fields=["state", "is_reopened", "expires_at"])
    return last
