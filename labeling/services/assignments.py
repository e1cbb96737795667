"""Leases: handing a comparison to one annotator, keeping it theirs, and taking it back.

Whoever changes a slot holds the row locks in one order: annotator, assignment, comparison.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.deadlocks import again_after_deadlock
from labeling.errors import AssignmentClosed, NothingToUndo
from labeling.models import Assignment, Comparison, Person, Project, Purpose
from labeling.rows import Rows, insert_row
from labeling.services.overlap import weigh_overlap
from labeling.services.queue import Pick, Seeker
from labeling.services.quotas import allowed_more
from labeling.services.retractions import retract_judgment

State = Assignment.State
LIVE_STATES = (State.OPEN, State.DONE, State.SKIPPED)
# What the queue hands out; practice, exams and adjudications are leased by name.
QUEUED_PURPOSES = (Purpose.WORK, Purpose.REPEAT)
MOST_HELD = 60
RECLAIMED_AT_ONCE = 50
ASSIGNMENT_ROWS = Rows(Assignment, "labeling_assignment")
_RENEW_ALL = f"""
    UPDATE labeling_assignment SET expires_at = %(ends)s
    WHERE annotator_id = %(person)s AND project_id = %(project)s AND state = 'open' AND purpose IN ('work', 'repeat')
    RETURNING {ASSIGNMENT_ROWS.columns}"""  # noqa: S608  our own names
_random = secrets.SystemRandom()


@dataclass(frozen=True, slots=True)
class Seat:
    """What is known of somebody whose row is locked, so that nothing is handed to them by two requests at once."""

    declined_topics: list[str]
    daily_quota: int | None
    allocation: int | None
    guideline_version_id: int | None
    may_judge: bool
    others_have_expired: bool


def lease_next(*, project: Project, annotator: Person) -> Assignment | None:
    """Hand the annotator the comparison they should judge next, or None when nothing is left for them.

    A lease they already hold comes back, renewed; one they reopened by undo comes first. Nobody gets a comparison
    twice, but to see whether they agree with themselves; no comparison is handed to more people than it wants, but as
    gold. `why_nothing` says why nothing came.
    """
    held = hold(project=project, annotator=annotator, count=1)
    return held[0] if held else None


@again_after_deadlock
def hold(*, project: Project, annotator: Person, count: int) -> list[Assignment]:
    """Let the annotator hold `count` leases, at most `MOST_HELD`: those they have, renewed, and new ones for the rest.

    A browser that holds a few can show the next comparison at once, and go on for a while without a connection.
    Returns: fewer when nothing more is left for them, or they may have no more today or in all; none when something
        stands between them and judging. The one to judge first comes first.
    """
    now = timezone.now()
    with transaction.atomic():
        seat = take_seat(project, annotator, now)
        if not seat.may_judge:
            return []
        if not seat.others_have_expired:
            return fill_seat(seat, project, annotator, count=count, now=now)
    reclaim_expired(project=project, now=now, spare=annotator)
    with transaction.atomic():
        return fill_seat(take_seat(project, annotator, now), project, annotator, count=count, now=now)


def take_seat(project: Project, annotator: Person, now: datetime) -> Seat:
    """Lock the annotator's row until the transaction ends, and read what decides what they get."""
    # Qualification stores judgments, which end leases: it stands above this module.
    from labeling.services.qualification import may_judge

    with connection.cursor() as cursor:
        cursor.execute(
            _take_seat_statement(),
            {"project": project.pk, "person": annotator.pk, "now": connection.ops.adapt_datetimefield_value(now)},
        )
        topics, quota, allocation, version, expired = cursor.fetchone()
    return Seat(
        declined_topics=json.loads(topics) if topics else [],
        daily_quota=project.daily_quota if quota is None else quota,
        allocation=allocation,
        guideline_version_id=version,
        may_judge=may_judge(project, annotator).is_open,
        others_have_expired=bool(expired),
    )


def fill_seat(
    seat: Seat, project: Project, annotator: Person, *, count: int, now: datetime, may_wait: bool = True
) -> list[Assignment]:
    """Renew what the annotator holds and lease what is missing to `count`; the transaction has taken their seat."""
    held = _renew_all(project, annotator, now)
    wanted = min(count, MOST_HELD) - len(held)
    if wanted > 0:
        allowed = allowed_more(
            project=project,
            annotator=annotator,
            daily_quota=seat.daily_quota,
            allocation=seat.allocation,
            held=len(held),
            now=now,
        )
        wanted = wanted if allowed is None else min(wanted, allowed)
    drawn = [lease for lease in held if lease.drawn_by == Assignment.Drawn.POLICY and lease.purpose == Purpose.WORK]
    seeker = Seeker(
        project,
        annotator,
        seat.declined_topics,
        last=max(drawn, key=lambda lease: lease.created_at).comparison_id if drawn else None,
        may_wait=may_wait,
    )
    for _each in range(wanted):
        picked = seeker.pick(now)
        if picked is None:
            break
        held.append(_lease(picked, seat, project, annotator, now))
    return held[:count]


def _renew_all(project: Project, annotator: Person, now: datetime) -> list[Assignment]:
    """Renew every lease of the queue that this person holds; those reopened come first, then the oldest."""
    with connection.cursor() as cursor:
        cursor.execute(
            _RENEW_ALL,
            {
                "project": project.pk,
                "person": annotator.pk,
                "ends": connection.ops.adapt_datetimefield_value(now + timedelta(seconds=project.lease_seconds)),
            },
        )
        leases = [ASSIGNMENT_ROWS.read(row) for row in cursor.fetchall()]
    for lease in leases:
        lease.project, lease.annotator = project, annotator
    return sorted(leases, key=lambda lease: (not lease.is_reopened, lease.closed_at or now, lease.created_at))


def _lease(picked: Pick, seat: Seat, project: Project, annotator: Person, now: datetime) -> Assignment:
    """Lease what was picked, its responses in an order of their own."""
    order = list(picked.content.responses)
    _random.shuffle(order)
    lease = Assignment(
        project=project,
        comparison_id=picked.comparison_id,
        annotator=annotator,
        purpose=picked.purpose,
        drawn_by=picked.drawn_by,
        takes_slot=picked.takes_slot,
        expires_at=now + timedelta(seconds=project.lease_seconds),
        shown_order=order,
        guideline_version_id=seat.guideline_version_id,
    )
    insert_row(Assignment, {name: getattr(lease, name) for name in ASSIGNMENT_ROWS.names})
    lease._state.adding, lease._state.db = False, connection.alias
    lease.content = picked.content
    return lease


@cache
def _take_seat_statement() -> str:
    locking = "" if connection.vendor == "sqlite" else "FOR NO KEY UPDATE OF p"
    return f"""
    SELECT m.declined_topics, m.daily_quota, m.allocation,
        (SELECT v.id FROM labeling_guidelineversion v WHERE v.project_id = %(project)s ORDER BY v.number DESC LIMIT 1),
        EXISTS (SELECT 1 FROM labeling_assignment a WHERE a.project_id = %(project)s AND a.state = 'open'
            AND a.expires_at < %(now)s AND a.annotator_id <> %(person)s)
    FROM labeling_person p
    LEFT JOIN labeling_membership m ON m.person_id = p.id AND m.project_id = %(project)s
    WHERE p.id = %(person)s {locking}"""  # noqa: S608


def _extend(assignment: Assignment, project: Project, now: datetime) -> bool:
    """Push an open lease's end; False when it was taken back meanwhile."""
    assignment.expires_at = now + timedelta(seconds=project.lease_seconds)
    return bool(Assignment.objects.filter(pk=assignment.pk, state=State.OPEN).update(expires_at=assignment.expires_at))


@again_after_deadlock
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
    if frees_slot and assignment.takes_slot:
        Comparison.objects.filter(pk=assignment.comparison_id).update(open_slots=F("open_slots") + 1)


@again_after_deadlock
def renew_lease(*, assignment: Assignment) -> Assignment:
    """Keep an open assignment for another lease period.

    Raises: AssignmentClosed when it was answered, released, skipped or handed to someone else.
    """
    if not _extend(assignment, assignment.project, timezone.now()):
        raise AssignmentClosed(_("This comparison is no longer yours. Ask for the next one."))
    return assignment


@again_after_deadlock
def renew_held(*, project: Project, annotator: Person) -> list[UUID]:
    """Keep everything this person holds in the project for another lease period; returns what that is, by id."""
    held = Assignment.objects.filter(
        project=project, annotator=annotator, state=State.OPEN, purpose__in=QUEUED_PURPOSES
    )
    held.update(expires_at=timezone.now() + timedelta(seconds=project.lease_seconds))
    return list(held.values_list("pk", flat=True))


@again_after_deadlock
@transaction.atomic
def release(*, assignment: Assignment) -> None:
    """Give an open assignment back; the same person may get it again. Raises: AssignmentClosed."""
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if locked.is_reopened:
        _close(locked, State.DONE, frees_slot=False)
    else:
        _close(locked, State.RELEASED, frees_slot=True)


@again_after_deadlock
@transaction.atomic
def skip(*, assignment: Assignment, reason: str) -> None:
    """Leave a comparison to others, and say why; it does not come back to this person.

    Skipping one that was reopened by undo withdraws the judgment given before. Raises: AssignmentClosed.
    """
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    withdraws = locked.is_reopened
    frees_slot = retract_judgment(assignment=locked) if withdraws else True
    _close(locked, State.SKIPPED, frees_slot=frees_slot, skip_reason=reason[:2000])
    if withdraws and locked.purpose == Purpose.WORK:
        weigh_overlap(project=locked.project, comparison_id=locked.comparison_id)


@again_after_deadlock
@transaction.atomic
def reopen_last(*, project: Project, annotator: Person) -> Assignment:
    """Open the annotator's last judgment again for correction; it stands until a new one supersedes it.

    Raises: NothingToUndo when they have judged nothing here.
    """
    last = (
        Assignment.objects.filter(project=project, annotator=annotator, state=State.DONE, purpose__in=QUEUED_PURPOSES)
        .order_by("-closed_at")
        .select_for_update(of=("self",))
        .first()
    )
    if last is None:
        raise NothingToUndo(_("There is no judgment of yours here to undo."))
    return reopen(assignment=last)


@again_after_deadlock
@transaction.atomic
def reopen(*, assignment: Assignment) -> Assignment:
    """Open one answered assignment again for correction; its judgment stands until a new one supersedes it.

    One that is open again already comes back, renewed. Raises: AssignmentClosed when it was never answered.
    """
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    if locked.state != State.DONE and not (locked.state == State.OPEN and locked.is_reopened):
        raise AssignmentClosed(_("This comparison was not answered, so there is nothing to do again."))
    locked.state = State.OPEN
    locked.is_reopened = True
    locked.expires_at = timezone.now() + timedelta(seconds=locked.project.lease_seconds)
    locked.save(update_fields=["state", "is_reopened", "expires_at"])
    return locked
