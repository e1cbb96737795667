"""Who acts: people, their installation-wide role, and their API tokens."""

import hashlib
import secrets
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

PSEUDONYM_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_pseudonym() -> str:
    """Draw a name that says nothing about the person: `p-` and eight characters that cannot be misread."""
    return "p-" + "".join(secrets.choice(PSEUDONYM_ALPHABET) for _ in range(8))


class PersonManager(BaseUserManager["Person"]):
    """Creates people; the password may be left out for those who never log in."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        person = self.model(email=self.normalize_email(email).lower(), **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "Person":
        return self.create_user(email, password, installation_role=Person.InstallationRole.OWNER, **fields)


class Person(AbstractBaseUser, PermissionsMixin):
    """A user. Exports and engineers see the pseudonym, never the name or the address."""

    class InstallationRole(models.TextChoices):
        NONE = "", _("none")
        ENGINEER = "engineer", _("engineer")
        OWNER = "owner", _("owner")

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        IMPORTED = "imported", _("imported")
        SIMULATED = "simulated", _("simulated")

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    pseudonym = models.CharField(max_length=40, unique=True, default=new_pseudonym, editable=False)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PERSON)
    installation_role = models.CharField(max_length=10, choices=InstallationRole, default="", blank=True)
    language = models.CharField(_("language"), max_length=12, blank=True)  # of the pages; "": as the browser asks
    preferences = models.JSONField(default=dict, blank=True)  # of the workbench: keys, break reminder
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name_plural = _("people")
        constraints = [
            UniqueConstraint(Lower("email"), name="person_email_unique_whatever_the_case"),
            CheckConstraint(condition=Q(kind__in=["person", "imported", "simulated"]), name="person_kind_known"),
            CheckConstraint(condition=Q(installation_role__in=["", "engineer", "owner"]), name="person_role_known"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.name or self.email

    @property
    def is_owner(self) -> bool:
        return self.is_active and self.installation_role == self.InstallationRole.OWNER

    @property
    def is_engineer(self) -> bool:
        """Whether this person may work with models and runs; an owner may."""
        return self.is_active and self.installation_role in (
            self.InstallationRole.ENGINEER,
            self.InstallationRole.OWNER,
        )

    @property
    def is_staff(self) -> bool:
        """Django admin is for owners."""
        return self.is_owner

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]
        return self.is_owner

    def role_in(self, project_slug: str) -> str:
        """This person's role in one project, `""` for an outsider; an owner manages every project."""
        if self.is_owner:
            return "manager"
        membership = self.memberships.filter(project__slug=project_slug).values_list("role", flat=True).first()
        return membership or ""

    def manages(self, project_slug: str) -> bool:
        return self.role_in(project_slug) == "manager"

    def works_in(self, project_slug: str) -> bool:
        return self.role_in(project_slug) != ""


class ApiToken(models.Model):
    """A key for scripts. Only its sha256 is kept: whoever loses the text makes another."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="api_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    label = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    def __str__(self) -> str:
        return f"{self.label or 'token'} {self.digest[:8]}"

    @staticmethod
    def digest_of(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()
