"""Making people, giving them roles and keys."""

import secrets

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from labeling.errors import InvalidPerson, LastOwner
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


def set_limits(*, membership: Membership, daily_quota: int | None, allocation: int | None) -> None:
    """Say how much a member judges: a day (None: as the project says), and in all (None: no limit)."""
    Membership.objects.filter(pk=membership.pk).update(daily_quota=daily_quota, allocation=allocation)


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


@transaction.atomic
def set_installation_role(*, person: Person, role: str) -> None:
    """Make somebody an engineer, an owner, or neither.

    Raises: InvalidPerson for an unknown role or somebody who cannot log in; LastOwner when nobody would own this.
    """
    if role not in Person.InstallationRole.values or person.kind != Person.Kind.PERSON:
        raise InvalidPerson(_("“%(role)s” is no role for this person.") % {"role": role}, fields={"role": role})
    if role != Person.InstallationRole.OWNER:
        _keep_an_owner_besides(person)
    Person.objects.filter(pk=person.pk).update(installation_role=role)


@transaction.atomic
def set_active(*, person: Person, is_active: bool) -> None:
    """Let somebody log in, or not: pages, tokens and invitations stop working, what they judged stays.

    Raises: LastOwner when nobody would own this installation.
    """
    if not is_active:
        _keep_an_owner_besides(person)
    Person.objects.filter(pk=person.pk).update(is_active=is_active)


def save_settings(*, person: Person, name: str, language: str) -> None:
    """Keep how a person wants to be called and spoken to; language "" is as the browser asks."""
    Person.objects.filter(pk=person.pk).update(name=name, language=language)


def set_language(*, person: Person, language: str) -> None:
    """Choose the language of somebody's pages for them; "" is as their browser asks."""
    Person.objects.filter(pk=person.pk).update(language=language)


def _keep_an_owner_besides(person: Person) -> None:
    """Refuse if this is the only owner who can log in. Two owners who lower each other wait here for one another."""
    owners = Person.objects.filter(installation_role=Person.InstallationRole.OWNER, is_active=True)
    locked = list(owners.select_for_update().order_by("pk").values_list("pk", flat=True))
    if locked == [person.pk]:
        raise LastOwner(_("This is the only owner. Make somebody else an owner first."))
