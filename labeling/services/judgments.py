"""Storing a verdict, exactly once."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.deadlocks import again_after_deadlock
from labeling.errors import AssignmentClosed, VerdictConflict
from labeling.models import Assignment, Comparison, Judgment, Person, Purpose, Response
from labeling.rows import Rows, insert_row
from labeling.services.assignments import LIVE_STATES, fill_seat, lease_next, reclaim_expired, take_seat
from labeling.services.overlap import weigh_overlap
from labeling.services.retractions import current_judgment, latest_judgment
from labeling.services.writing import store_written
from labeling.verdicts import Verdict, check_verdict

State = Assignment.State
JUDGMENT_ROWS = Rows(Judgment, "labeling_judgment")
_CLOSE_OPEN = """
    UPDATE labeling_assignment SET state = 'done', closed_at = %s
    WHERE id = %s AND state = 'open' AND NOT is_reopened"""
SOURCES: dict[str, str] = {
    Person.Kind.SIMULATED: Judgment.Source.SIMULATED,
    Person.Kind.IMPORTED: Judgment.Source.IMPORTED,
}


@dataclass(frozen=True, slots=True)
class Submission:
    """What a submit came to: the stored judgment, and whether this call stored it."""

    judgment: Judgment
    is_new: bool


@again_after_deadlock
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
    return _submit(assignment, verdict, client_id)


@again_after_deadlock
def submit_and_lease(
    *, assignment: Assignment, verdict: Verdict, client_id: UUID
) -> tuple[Submission, Assignment | None]:
    """Record one verdict and hand the same person what they should judge next, in one transaction.

    Returns: what `submit_judgment` and then `lease_next` would.
    Raises: what `submit_judgment` raises.
    """
    project, annotator, now = assignment.project, assignment.annotator, timezone.now()
    with transaction.atomic():
        seat = take_seat(project, annotator, now)
        submission = _submit(assignment, verdict, client_id)
        held = fill_seat(seat, project, annotator, count=1, now=now, may_wait=False) if seat.may_judge else []
    if seat.others_have_expired:
        reclaim_expired(project=project, now=now, spare=annotator)
    # Nothing was found without waiting for others, which the transaction that stored must not do.
    return submission, held[0] if held else lease_next(project=project, annotator=annotator)


def _submit(assignment: Assignment, verdict: Verdict, client_id: UUID) -> Submission:
    check_verdict(verdict, responses=assignment.shown_order, instrument=assignment.project.instrument)
    fingerprint = verdict.fingerprint()
    judgment = _first_judgment(assignment, verdict, client_id, fingerprint)
    if judgment is None:
        locked = Assignment.objects.select_for_update(of=("self",)).get(pk=assignment.pk)
        locked.project, locked.annotator = assignment.project, assignment.annotator
        repeated = _find_repeat(locked, client_id, fingerprint)
        if repeated is not None:
            return Submission(repeated, is_new=False)
        locked, is_surplus = _close_for_verdict(locked)
        judgment = _next_judgment(locked, verdict, client_id, fingerprint, is_surplus=is_surplus)
    if assignment.purpose == Purpose.WORK:
        weigh_overlap(project=assignment.project, comparison_id=assignment.comparison_id)
    return Submission(judgment, is_new=True)


def _first_judgment(assignment: Assignment, verdict: Verdict, client_id: UUID, fingerprint: str) -> Judgment | None:
    """Close an open lease and store its first verdict; None, and nothing changed, for any other case."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSE_OPEN,
            [
                connection.ops.adapt_datetimefield_value(timezone.now()),
                Assignment._meta.pk.get_db_prep_value(assignment.pk, connection),  # type: ignore[union-attr]
            ],
        )
        if not cursor.rowcount:
            return None
    judgment = _judgment(assignment, verdict, client_id, fingerprint, is_surplus=not assignment.takes_slot)
    key = insert_row(
        Judgment, {name: getattr(judgment, name) for name in JUDGMENT_ROWS.names if name != "id"}, unless_there=True
    )
    if key is None:  # the client id is taken, or the person has said something about this comparison before
        _find_repeat(assignment, client_id, fingerprint)
        return _next_judgment(
            assignment, verdict, client_id, fingerprint, is_surplus=judgment.is_surplus, written=judgment.written
        )
    judgment.pk = key
    judgment._state.adding, judgment._state.db = False, connection.alias
    return judgment


def _next_judgment(
    assignment: Assignment,
    verdict: Verdict,
    client_id: UUID,
    fingerprint: str,
    *,
    is_surplus: bool,
    written: Response | None = None,
) -> Judgment:
    """Store a verdict that may supersede an earlier one; a correction counts as what it corrects counted."""
    previous = latest_judgment(assignment=assignment)
    judgment = _judgment(assignment, verdict, client_id, fingerprint, is_surplus=is_surplus, written=written)
    if previous is not None:
        judgment.revision, judgment.supersedes = previous.revision + 1, previous
        judgment.is_surplus = is_surplus if previous.is_retraction else previous.is_surplus
    judgment.save(force_insert=True)
    return judgment


def _judgment(
    assignment: Assignment,
    verdict: Verdict,
    client_id: UUID,
    fingerprint: str,
    *,
    is_surplus: bool,
    written: Response | None = None,
) -> Judgment:
    """What is to be stored of a verdict, as the first of its person."""
    return Judgment(
        client_id=client_id,
        project_id=assignment.project_id,
        comparison_id=assignment.comparison_id,
        annotator=assignment.annotator,
        assignment=assignment,
        source=SOURCES.get(assignment.annotator.kind, Judgment.Source.PERSON),
        purpose=assignment.purpose,
        is_surplus=is_surplus,
        ranking=[list(group) for group in verdict.ranking],
        strength=verdict.strength,
        all_bad=verdict.all_bad,
        ratings={str(response): dict(values) for response, values in verdict.ratings.items()},
        flags=list(verdict.flags),
        reason=verdict.reason,
        written=written or store_written(assignment=assignment, verdict=verdict),
        dwell_ms=verdict.dwell_ms,
        shown_order=assignment.shown_order,
        guideline_version_id=assignment.guideline_version_id,
        verdict_hash=fingerprint,
    )


def _find_repeat(assignment: Assignment, client_id: UUID, fingerprint: str) -> Judgment | None:
    """Return the judgment that this submit repeats, if it does. Raises: VerdictConflict, AssignmentClosed."""
    same_client = Judgment.objects.filter(client_id=client_id).first()
    if same_client is not None:
        same_place = (same_client.comparison_id, same_client.annotator_id, same_client.purpose) == (
            assignment.comparison_id,
            assignment.annotator_id,
            assignment.purpose,
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
    return assignment, not assignment.takes_slot


def _close_late(assignment: Assignment) -> tuple[Assignment, bool]:
    """Take a late answer: into a lease of the same person, into an open slot, or as surplus."""
    newer = (
        Assignment.objects.select_for_update(of=("self",))
        .filter(
            comparison_id=assignment.comparison_id,
            annotator_id=assignment.annotator_id,
            purpose=assignment.purpose,
            state__in=LIVE_STATES,
        )
        .first()
    )
    if newer is not None:
        if newer.state != State.OPEN:
            raise AssignmentClosed(_("This comparison was already answered. Undo it first to change the answer."))
        return _close_for_verdict(newer)
    took_slot = assignment.takes_slot and Comparison.objects.filter(
        pk=assignment.comparison_id, open_slots__gt=0
    ).update(open_slots=F("open_slots") - 1)
    Assignment.objects.filter(pk=assignment.pk, state=State.EXPIRED).update(state=State.DONE, closed_at=timezone.now())
    return assignment, not took_slot
