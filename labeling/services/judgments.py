"""Storing a verdict, exactly once."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import AssignmentClosed, VerdictConflict
from labeling.models import Assignment, Comparison, Judgment, Person
from labeling.services.assignments import LIVE_STATES
from labeling.services.retractions import current_judgment
from labeling.verdicts import Verdict, check_verdict

State = Assignment.State
SOURCES: dict[str, str] = {
    Person.Kind.SIMULATED: Judgment.Source.SIMULATED,
    Person.Kind.IMPORTED: Judgment.Source.IMPORTED,
}


@dataclass(frozen=True, slots=True)
class Submission:
    """What a submit came to: the stored judgment, and whether this call stored it."""

    judgment: Judgment
    is_new: bool


@transaction.atomic
def submit_judgment(*, assignment: Assignment, verdict: Verdict, client_id: UUID) -> Submission:
    """Record one verdict and close its assignment, exactly once.

    The same `client_id` with the same verdict stores nothing and returns what is stored. A lease that ran out does not
    lose the answer: it takes a slot if one is open, and is kept as surplus if none is.

    Raises:
        InvalidVerdict: it does not fit the comparison or the instrument.
        AssignmentClosed: answered already with another verdict, skipped or released.
        VerdictConflict: this client id was used for another verdict.
    """
    check_verdict(verdict, responses=assignment.shown_order, instrument=assignment.project.instrument)
    fingerprint = verdict.fingerprint()
    locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
    repeated = _find_repeat(locked, client_id, fingerprint)
    if repeated is not None:
        return Submission(repeated, is_new=False)
    locked, is_surplus = _close_for_verdict(locked)
    previous = (
        Judgment.objects.filter(comparison_id=locked.comparison_id, annotator_id=locked.annotator_id)
        .order_by("-revision")
        .first()
    )
    annotator = locked.annotator
    judgment = Judgment.objects.create(
        client_id=client_id,
        project_id=locked.project_id,
        comparison_id=locked.comparison_id,
        annotator=annotator,
        assignment=locked,
        source=SOURCES.get(annotator.kind, Judgment.Source.PERSON),
        revision=previous.revision + 1 if previous else 1,
        supersedes=previous,
        is_surplus=previous.is_surplus if previous and not previous.is_retraction else is_surplus,
        ranking=[list(group) for group in verdict.ranking],
        strength=verdict.strength,
        all_bad=verdict.all_bad,
        ratings={str(response): dict(values) for response, values in verdict.ratings.items()},
        flags=list(verdict.flags),
        reason=verdict.reason,
        dwell_ms=verdict.dwell_ms,
        shown_order=locked.shown_order,
        guideline_version_id=locked.guideline_version_id,
        verdict_hash=fingerprint,
    )
    return Submission(judgment, is_new=True)


def _find_repeat(assignment: Assignment, client_id: UUID, fingerprint: str) -> Judgment | None:
    """Return the judgment that this submit repeats, if it does. Raises: VerdictConflict, AssignmentClosed."""
    same_client = Judgment.objects.filter(client_id=client_id).first()
    if same_client is not None:
        same_place = (same_client.comparison_id, same_client.annotator_id) == (
            assignment.comparison_id,
            assignment.annotator_id,
        )
        if same_place and same_client.verdict_hash == fingerprint:
            return same_client
        raise VerdictConflict(
            _("This answer was already sent with other content. The first one is kept."),
            fields={"client_id": str(client_id)},
        )
    if assignment.state == State.DONE:
        standing = current_judgment(assignment=assignment)
        if standing is not None and standing.verdict_hash == fingerprint:
            return standing
        raise AssignmentClosed(_("This comparison was already answered. Undo it first to change the answer."))
    return None


def _close_for_verdict(assignment: Assignment) -> tuple[Assignment, bool]:
    """Move the assignment to done; returns the one that is done, and whether its judgment is surplus."""
    if assignment.state == State.EXPIRED:
        return _close_late(assignment)
    closed = Assignment.objects.filter(pk=assignment.pk, state=State.OPEN).update(
        state=State.DONE, closed_at=timezone.now(), is_reopened=False
    )
    if not closed:
        raise AssignmentClosed(_("This comparison was skipped or given back. Ask for the next one."))
    return assignment, False


def _close_late(assignment: Assignment) -> tuple[Assignment, bool]:
    """Take a late answer: into a lease of the same person, into an open slot, or as surplus."""
    newer = (
        Assignment.objects.select_for_update(of=("self",))
        .filter(comparison_id=assignment.comparison_id, annotator_id=assignment.annotator_id, state__in=LIVE_STATES)
        .first()
    )
    if newer is not None:
        if newer.state != State.OPEN:
            raise AssignmentClosed(_("This comparison was already answered. Undo it first to change the answer."))
        return _close_for_verdict(newer)
    took_slot = Comparison.objects.filter(pk=assignment.comparison_id, open_slots__gt=0).update(
        open_slots=F("open_slots") - 1
    )
    Assignment.objects.filter(pk=assignment.pk, state=State.EXPIRED).update(state=State.DONE, closed_at=timezone.now())
    return assignment, not took_slot
