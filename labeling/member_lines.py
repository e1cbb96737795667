"""What the members page lists: people with where they stand, and invitations with what is left of them."""

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from labeling.models import Assignment, Invitation, Membership, Project, Qualification
from labeling.services.assignments import QUEUED_PURPOSES

INVITATIONS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class InvitationLine:
    """An invitation and the one word for its state: `open`, `used`, `expired` or `revoked`."""

    invitation: Invitation
    state: str


def member_lines(project: Project) -> QuerySet[Membership]:
    """The members, each with how much they have judged and their last attempt at the exam."""
    attempts = Qualification.objects.filter(project=project, person=OuterRef("person")).order_by("-attempt")
    done = (
        Assignment.objects.filter(
            project=project,
            annotator=OuterRef("person"),
            state=Assignment.State.DONE,
            purpose__in=QUEUED_PURPOSES,
        )
        .order_by()
        .values("annotator")
        .annotate(n=Count("pk"))
    )
    return (
        project.memberships.select_related("person")
        .annotate(
            done=Subquery(done.values("n")),
            exam_state=Subquery(attempts.values("state")[:1]),
            exam_asked=Subquery(attempts.values("asked")[:1]),
            exam_correct=Subquery(attempts.values("correct")[:1]),
            exam_attempt=Subquery(attempts.values("attempt")[:1]),
        )
        .order_by("role", "person__email")
    )


def invitation_lines(project: Project) -> list[InvitationLine]:
    """The latest invitations, those that still let somebody in first."""
    now = timezone.now()
    invitations = Invitation.objects.filter(project=project).select_related("created_by")
    is_open = Q(revoked_at=None, expires_at__gt=now)
    lines = [
        InvitationLine(invitation, _state(invitation))
        for invitation in invitations.annotate(is_live=is_open).order_by("-is_live", "-created_at")[:INVITATIONS_SHOWN]
    ]
    return sorted(lines, key=lambda line: line.state != "open")


def _state(invitation: Invitation) -> str:
    if invitation.revoked_at is not None:
        return "revoked"
    if invitation.uses >= invitation.most_uses:
        return "used"
    return "expired" if invitation.expires_at <= timezone.now() else "open"
