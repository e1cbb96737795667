"""What is asked, of whom: projects, their members, guidelines and instrument."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Project(models.Model):
    """One labeling effort: guidelines, instrument, members and quality rules."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    judgments_per_comparison = models.PositiveSmallIntegerField(_("judgments per comparison"), default=1)
    lease_seconds = models.PositiveIntegerField(_("lease in seconds"), default=600)
    daily_quota = models.PositiveIntegerField(_("daily quota per annotator"), null=True, blank=True)
    is_archived = models.BooleanField(default=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["name"]
        constraints = [
            CheckConstraint(
                condition=Q(judgments_per_comparison__range=(1, 100)), name="project_judgments_between_1_and_100"
            ),
            CheckConstraint(condition=Q(lease_seconds__range=(5, 86_400)), name="project_lease_between_5_s_and_1_day"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What one person may do in one project."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator", _("annotator")
        REVIEWER = "reviewer", _("reviewer")
        MANAGER = "manager", _("manager")

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.ANNOTATOR)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["project", "person"], name="membership_one_per_person_and_project"),
            CheckConstraint(condition=Q(role__in=["annotator", "reviewer", "manager"]), name="membership_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.person} · {self.project} · {self.role}"


class GuidelineVersion(models.Model):
    """One wording of a project's guidelines. A judgment keeps the version it was made under."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="guideline_versions")
    number = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            UniqueConstraint(fields=["project", "number"], name="guideline_number_unique_in_project"),
            CheckConstraint(condition=Q(number__gte=1), name="guideline_number_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.project} · v{self.number}"


class Instrument(models.Model):
    """What the annotator of a project is asked."""

    class Kind(models.TextChoices):
        PAIR = "pair", _("pair")
        RANKING = "ranking", _("ranking")
        DEMONSTRATION = "demonstration", _("demonstration")

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="instrument")
    kind = models.CharField(max_length=14, choices=Kind, default=Kind.PAIR)
    allows_ties = models.BooleanField(_("ties allowed"), default=True)
    asks_strength = models.BooleanField(_("asks how much better"), default=True)
    allows_all_bad = models.BooleanField(_("“all bad” offered"), default=True)
    asks_reason = models.BooleanField(_("offers a reason field"), default=True)
    # Each attribute: {"name": "helpfulness", "label": "Helpfulness", "lowest": 0, "highest": 4}
    attributes = models.JSONField(_("attributes rated per response"), default=list, blank=True)
    flags = models.JSONField(_("flags offered"), default=list, blank=True)

    class Meta:
        constraints = [
            CheckConstraint(condition=Q(kind__in=["pair", "ranking", "demonstration"]), name="instrument_kind_known"),
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.kind}"
