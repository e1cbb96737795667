"""How people come to judge: invitations, and the exam before the first judgment that counts."""

import hashlib
import secrets

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.models.projects import Membership, Project


class Invitation(models.Model):
    """A link that lets somebody join a project in one role. Only the sha256 of its secret is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(_("role"), max_length=10, choices=Membership.Role, default=Membership.Role.ANNOTATOR)
    email = models.EmailField(_("e-mail address"), blank=True)  # "": whoever has the link
    digest = models.CharField(max_length=64, unique=True, editable=False)
    uses = models.PositiveIntegerField(default=0)
    most_uses = models.PositiveIntegerField(_("how many may join by it"), default=1)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            CheckConstraint(condition=Q(uses__lte=F("most_uses")), name="invitation_uses_within_most"),
            CheckConstraint(condition=Q(role__in=["annotator", "reviewer", "manager"]), name="invitation_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.role}"

    @staticmethod
    def new_secret() -> str:
        return secrets.token_urlsafe(24)

    @staticmethod
    def digest_of(secret: str) -> str:
        return hashlib.sha256(secret.encode()).hexdigest()


class Qualification(models.Model):
    """One person's way to their first judgment in a project: practice done, and one try at the exam."""

    class State(models.TextChoices):
        STARTED = "started", _("started")
        PASSED = "passed", _("passed")
        FAILED = "failed", _("failed")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="qualifications")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="qualifications")
    attempt = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=8, choices=State, default=State.STARTED)
    asked = models.PositiveIntegerField(default=0)
    correct = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["project", "person", "attempt"], name="qualification_attempt_once"),
            UniqueConstraint(
                fields=["project", "person"], condition=Q(state="started"), name="qualification_one_under_way"
            ),
            CheckConstraint(condition=Q(correct__lte=F("asked")), name="qualification_correct_within_asked"),
            CheckConstraint(condition=Q(state__in=["started", "passed", "failed"]), name="qualification_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.project} · {self.state}"
