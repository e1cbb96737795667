"""What the moderation of training data found, and what people made of it."""

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from labeling.models.comparisons import Comparison
from labeling.models.content import Response
from labeling.models.projects import Project


class ModerationFinding(models.Model):
    """One thing that one check found in one text of a comparison, or of a demonstration.

    Excluding what was found keeps the comparison out of the queue and out of snapshots, and deletes nothing. The words
    are not kept here: the span says where they stand, so that a secret is not stored twice.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        KEPT = "kept", _("kept")
        REMOVED = "removed", _("excluded")

    class Severity(models.TextChoices):
        HIGH = "high", _("high")
        MEDIUM = "medium", _("medium")
        LOW = "low", _("low")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="moderation_findings")
    # None: found in a demonstration, which stands in no comparison.
    comparison = models.ForeignKey(Comparison, on_delete=models.PROTECT, null=True, related_name="moderation_findings")
    # None: found in the prompt of a comparison.
    response = models.ForeignKey(Response, on_delete=models.PROTECT, null=True, related_name="moderation_findings")
    message = models.PositiveIntegerField(null=True)  # of the prompt, by its number; None: found in the response
    check_name = models.CharField(max_length=20)
    reason = models.CharField(max_length=30)
    severity = models.CharField(max_length=6, choices=Severity)
    # The span in what the text says, in characters; the same for a finding about the text as a whole.
    start = models.PositiveIntegerField(default=0)
    end = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict)  # what the sentence about it needs: {"similarity": 0.97, "like": 31}
    fingerprint = models.CharField(max_length=64, editable=False)  # of what was found, where and why
    state = models.CharField(max_length=7, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(default=timezone.now, editable=False)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            UniqueConstraint(fields=["project", "fingerprint"], name="moderation_finding_once"),
            CheckConstraint(
                condition=Q(comparison__isnull=False) | Q(response__isnull=False),
                name="moderation_finding_is_about_something",
            ),
            CheckConstraint(
                condition=Q(response__isnull=False) | Q(message__isnull=False),
                name="moderation_finding_in_a_response_or_a_message",
            ),
            CheckConstraint(condition=Q(end__gte=models.F("start")), name="moderation_finding_ends_after_it_starts"),
            CheckConstraint(condition=Q(state__in=["open", "kept", "removed"]), name="moderation_finding_state_known"),
            CheckConstraint(
                condition=Q(severity__in=["high", "medium", "low"]), name="moderation_finding_severity_known"
            ),
            CheckConstraint(
                condition=Q(state="open", decided_at=None, decided_by=None)
                | Q(~Q(state="open"), decided_at__isnull=False, decided_by__isnull=False),
                name="moderation_finding_decided_by_somebody",
            ),
        ]
        indexes = [
            Index(fields=["project", "state", "check_name", "id"], name="moderation_finding_list"),
            # The few that are excluded, asked for with each lease and each row of a snapshot.
            Index(fields=["comparison"], name="moderation_removed", condition=Q(state="removed")),
        ]

    def __str__(self) -> str:
        return f"{self.check_name} · {self.reason}"


class Moderation(models.Model):
    """How a project's data is moderated, and how far it was."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="moderation")
    at_import = models.BooleanField(_("check what is imported"), default=False)
    # Each check that runs, with the settings that differ from its own: {"length": {"most_words": 500}}; None: all.
    checks = models.JSONField(null=True, blank=True)
    # Comparisons up to this one were looked at by the last run over the project.
    last_comparison = models.BigIntegerField(default=0)
    moderated_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.project} · {self.moderated_at}"
