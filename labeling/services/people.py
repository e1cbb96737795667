"""Making people, giving them roles and keys."""

import secrets

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from labeling.errors import InvalidPerson
from labeling.models import ApiToken, Membership, Person, Project

PROJECT_ROLES = tuple(Membership.Role.values)
INSTALLATION_ROLES = (Person.InstallationRole.ENGINEER, Person.InstallationRole.OWNER)


def create_person(
    *,
    email: str,
    password: str | None = None,
    name: str = "",
    installation_role: str = "",
    kind: str = Person.Kind.PERSON,
) -> Person:
    """Add a person. Without a password they cannot log in until an owner sets one.

    Raises: InvalidPerson when the address is taken, whatever its case, or is none.
    """
    if "@" not in email:
        raise InvalidPerson(_("“%(email)s” is no e-mail address.") % {"email": email}, fields={"email": email})
    try:
        with transaction.atomic():
            return Person.objects.create_user(
                email, password, name=name, installation_role=installation_role, kind=kind
            )
    except IntegrityError:
        raise InvalidPerson(
            _("%(email)s is already here. Change their role instead.") % {"email": email}, fields={"email": email}
        ) from None


@transaction.atomic
def set_membership(*, project: Project, person: Person, role: str) -> Membership:
    """Give a person one role in a project, replacing the one they had. Raises: InvalidPerson for an unknown role."""
    if role not in PROJECT_ROLES:
        raise InvalidPerson(
            _("“%(role)s” is no role in a project. Use one of: %(roles)s.")
            % {"role": role, "roles": ", ".join(PROJECT_ROLES)},
            fields={"role": role},
        )
    membership, _created = Membership.objects.update_or_create(project=project, person=person, defaults={"role": role})
    return membership


def remove_membership(*, membership: Membership) -> None:
    """End a person's part in a project. What they judged stays, and so do leases they hold until those run out."""
    membership.delete()


def create_token(*, person: Person, label: str = "") -> str:
    """Make an API token and return its text, which is shown this once and kept nowhere."""
    text = "plumb_" + secrets.token_urlsafe(32)
    ApiToken.objects.create(person=person, digest=ApiToken.digest_of(text), label=label)
    return text


def revoke_token(*, token: ApiToken) -> None:
    """Make a token worthless from now on."""
    token.delete()
