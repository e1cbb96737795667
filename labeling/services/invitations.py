"""Links that let people join a project: making them, sending them, and joining by them."""

from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import InvalidInvitation, InvitationForAnother, InvitationOver
from labeling.models import Invitation, Membership, Person, Project
from labeling.services.people import create_person

ROLE_RANK: dict[str, int] = {"": 0, "annotator": 1, "reviewer": 2, "manager": 3}
MOST_DAYS = 90
MOST_USES = 1000


def create_invitation(
    *,
    project: Project,
    role: str,
    created_by: Person,
    secret: str,
    email: str = "",
    most_uses: int = 1,
    days: int = 7,
) -> Invitation:
    """Let somebody join by a link; the same secret a second time is the invitation that is there.

    Args:
        secret: of `Invitation.new_secret`; its sha256 is kept, itself it is not.
        email: the one address that may join by it, once; "" for whoever has the link.
        most_uses: how many may join, 1 to 1,000.
        days: until it expires, 1 to 90.

    Raises: InvalidInvitation for a role above the inviter's own, or a number out of range.
    """
    if ROLE_RANK.get(role, 99) > ROLE_RANK[created_by.role_in(project.slug)]:
        raise InvalidInvitation(_("You cannot hand out a role above your own."), fields={"role": role})
    if not (1 <= most_uses <= MOST_USES and 1 <= days <= MOST_DAYS):
        raise InvalidInvitation(
            _("An invitation is for 1 to %(uses)d people and lasts 1 to %(days)d days.")
            % {"uses": MOST_USES, "days": MOST_DAYS}
        )
    try:
        with transaction.atomic():
            return Invitation.objects.create(
                project=project,
                role=role,
                email=email.lower(),
                digest=Invitation.digest_of(secret),
                most_uses=1 if email else most_uses,
                expires_at=timezone.now() + timedelta(days=days),
                created_by=created_by,
            )
    except IntegrityError:
        return Invitation.objects.get(digest=Invitation.digest_of(secret), project=project)


def send_invitation(*, invitation: Invitation, link: str) -> None:
    """Mail the link to the address the invitation is for. Call it when the invitation is committed.

    Raises: OSError (SMTPException is one) when the mail server does not take it.
    """
    words = {
        "inviter": invitation.created_by.display_name,
        "project": invitation.project.name,
        "role": invitation.get_role_display(),
        "link": link,
        "day": timezone.localtime(invitation.expires_at).date().isoformat(),
    }
    send_mail(
        subject=_("%(inviter)s invites you to %(project)s") % words,
        message=_(
            "%(inviter)s invites you to work in the project “%(project)s” as %(role)s.\n\n"
            "Open this link to join:\n%(link)s\n\n"
            "It is for you alone and works until %(day)s. If you did not expect it, do nothing."
        )
        % words,
        from_email=settings.DEFAULT_FROM_EMAIL,
        recipient_list=[invitation.email],
    )


def revoke_invitation(*, invitation: Invitation) -> None:
    """Let nobody join by it any more; who has joined stays. A second time changes nothing."""
    Invitation.objects.filter(pk=invitation.pk, revoked_at=None).update(revoked_at=timezone.now())


def check_open(invitation: Invitation) -> None:
    """Refuse an invitation that lets nobody in any more. Raises: InvitationOver with a sentence that says why."""
    if invitation.revoked_at is not None or invitation.project.is_archived:
        raise InvitationOver(_("This invitation was withdrawn. Ask whoever sent it for a new one."))
    if invitation.expires_at <= timezone.now():
        raise InvitationOver(_("This invitation has expired. Ask whoever sent it for a new one."))
    if invitation.uses >= invitation.most_uses:
        raise InvitationOver(_("This invitation has been used already. Ask whoever sent it for a new one."))


def raises_role(invitation: Invitation, role: str) -> bool:
    """Whether somebody with this role in the project, "" for none, gains by the invitation."""
    return ROLE_RANK[invitation.role] > ROLE_RANK[role]


@transaction.atomic
def join(*, invitation: Invitation, person: Person) -> Membership:
    """Make the person a member by the invitation's role and count one use.

    Somebody who is a member already in that role or a higher one keeps it, and no use is counted: joining twice
    changes nothing, and nobody is lowered.

    Raises:
        InvitationOver: it was revoked, expired or used up, perhaps this very moment by somebody else.
        InvitationForAnother: it was sent to another address.
    """
    Person.objects.select_for_update(no_key=True).filter(pk=person.pk).values("pk").get()
    membership = Membership.objects.filter(project=invitation.project_id, person=person).first()
    if membership is not None and not raises_role(invitation, membership.role):
        return membership
    if invitation.email and invitation.email.lower() != person.email.lower():
        raise InvitationForAnother(
            _("This invitation is for %(email)s. Log in with that account to join.") % {"email": invitation.email}
        )
    claimed = Invitation.objects.filter(
        pk=invitation.pk, revoked_at=None, expires_at__gt=timezone.now(), uses__lt=F("most_uses")
    ).update(uses=F("uses") + 1)
    if not claimed:
        check_open(Invitation.objects.get(pk=invitation.pk))
        raise InvitationOver(_("This invitation has been used already. Ask whoever sent it for a new one."))
    if membership is None:
        return Membership.objects.create(project_id=invitation.project_id, person=person, role=invitation.role)
    membership.role = invitation.role
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def sign_up(*, invitation: Invitation, email: str, password: str, name: str = "") -> Person:
    """Make an account and join by the invitation, both or neither: the only way to an account of one's own.

    Raises: InvalidPerson when the address has an account; what `join` raises.
    """
    check_open(invitation)
    person = create_person(email=invitation.email or email, password=password, name=name)
    join(invitation=invitation, person=person)
    return person
