"""A reviewer's own verdict, which stands over the others': leased by name, given with the real instrument."""

from uuid import UUID

from django.db import transaction
from django.db.models import Case, F, QuerySet, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.deadlocks import again_after_deadlock
from labeling.errors import AssignmentClosed, OwnJudgment, ReviewMovedOn
from labeling.models import Assignment, Comparison, Person, Purpose
from labeling.services.judgments import Submission, submit_judgment
from labeling.services.leases_by_name import lease_by_name
from labeling.services.overlap import ask_nobody_more
from labeling.services.reviews import close_items, has_judged, open_items
from labeling.verdicts import Verdict

State = Assignment.State


@again_after_deadlock
@transaction.atomic
def open_adjudication(*, comparison: Comparison, reviewer: Person) -> Assignment:
    """Lease a comparison to a reviewer for their own verdict; the one they hold or gave comes back.

    One reviewer adjudicates a comparison: a constraint holds it. A lease of another's that ran out is taken back.

    Raises: OwnJudgment when they judged it as an annotator; ReviewMovedOn when it is another reviewer's.
    """
    _lock(comparison, reviewer)
    if has_judged(comparison, reviewer):
        raise OwnJudgment(_("You judged this comparison yourself. Another reviewer adjudicates it."))
    others = Assignment.objects.filter(comparison=comparison, purpose=Purpose.ADJUDICATION).exclude(annotator=reviewer)
    others.filter(state=State.OPEN, expires_at__lt=timezone.now()).update(
        # One that was opened again for correction falls back to what was given.
        state=Case(When(is_reopened=True, then=Value(State.DONE)), default=Value(State.EXPIRED)),
        closed_at=Case(When(is_reopened=True, then=F("closed_at")), default=Value(timezone.now())),
        is_reopened=False,
    )
    _refuse_if_anothers(others)
    return lease_by_name(comparison=comparison, annotator=reviewer, purpose=Purpose.ADJUDICATION)


@again_after_deadlock
@transaction.atomic
def adjudicate(*, assignment: Assignment, verdict: Verdict, client_id: UUID) -> Submission:
    """Store a reviewer's verdict; the comparison leaves both queues. Given again, it supersedes the one before.

    Raises: as `submit_judgment`; ReviewMovedOn when the lease ran out and another reviewer has it.
    """
    _lock(assignment.comparison, assignment.annotator)
    others = Assignment.objects.filter(comparison=assignment.comparison, purpose=Purpose.ADJUDICATION)
    _refuse_if_anothers(others.exclude(annotator=assignment.annotator))
    submission = submit_judgment(assignment=assignment, verdict=verdict, client_id=client_id)
    close_items(open_items(assignment.comparison))
    ask_nobody_more(comparison_id=assignment.comparison_id)
    return submission


def held_adjudication(*, comparison: Comparison, reviewer: Person) -> Assignment | None:
    """The reviewer's open lease on a comparison, or None."""
    return (
        Assignment.objects.select_related("project__instrument", "comparison__prompt", "guideline_version", "annotator")
        .filter(comparison=comparison, annotator=reviewer, purpose=Purpose.ADJUDICATION, state=State.OPEN)
        .first()
    )


@again_after_deadlock
@transaction.atomic
def leave_adjudication(*, comparison: Comparison, reviewer: Person) -> None:
    """Give the lease back without a verdict; what was given before stands. Raises: AssignmentClosed."""
    _lock(comparison, reviewer)
    held = Assignment.objects.filter(
        comparison=comparison, annotator=reviewer, purpose=Purpose.ADJUDICATION, state=State.OPEN
    )
    if not (
        held.filter(is_reopened=True).update(state=State.DONE, is_reopened=False)
        or held.filter(is_reopened=False).update(state=State.RELEASED, closed_at=timezone.now())
    ):
        raise AssignmentClosed(_("You are not adjudicating this comparison."))


def _lock(comparison: Comparison, reviewer: Person) -> None:
    Person.objects.select_for_update(no_key=True).filter(pk=reviewer.pk).values("pk").get()
    Comparison.objects.select_for_update(no_key=True).filter(pk=comparison.pk).values("pk").get()


def _refuse_if_anothers(others: QuerySet[Assignment]) -> None:
    if others.filter(state=State.DONE).exists():
        raise ReviewMovedOn(_("Another reviewer has adjudicated this comparison. Only they may correct it."))
    if others.filter(state=State.OPEN).exists():
        raise ReviewMovedOn(_("Another reviewer is adjudicating this comparison right now."))
