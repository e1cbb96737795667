"""One long job and what it measured. The row is the truth; a Celery message only says "look"."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, UniqueConstraint
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Run(models.Model):
    """A job with one life cycle: queued → running → succeeded, failed or cancelled.

    Each claim raises `attempt`; whatever a run writes afterwards names the attempt, so that a worker that was thought
    dead cannot overwrite the one that took over.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    scope = models.CharField(max_length=60, blank=True)  # a project's slug, or empty for the installation
    state = models.CharField(max_length=9, choices=State, default=State.QUEUED)
    config = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    lineage = models.JSONField(default=list)  # [{"label", "url", "kind"}]: what it was made from
    attempt = models.PositiveIntegerField(default=0)
    max_attempts = models.PositiveIntegerField(default=3)
    worker = models.CharField(max_length=120, blank=True)
    heartbeat_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    progress_done = models.PositiveBigIntegerField(default=0)
    progress_total = models.PositiveBigIntegerField(null=True)
    attempt_started_at = models.DateTimeField(null=True)
    attempt_progress = models.PositiveBigIntegerField(default=0)  # progress_done when this attempt began
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            CheckConstraint(
                condition=Q(state__in=["queued", "running", "succeeded", "failed", "cancelled"]),
                name="run_state_known",
            ),
            CheckConstraint(condition=Q(attempt__lte=F("max_attempts")), name="run_attempts_within_limit"),
            CheckConstraint(
                condition=~Q(state="running") | Q(heartbeat_at__isnull=False), name="run_running_has_a_heartbeat"
            ),
            CheckConstraint(
                condition=~Q(state__in=["succeeded", "failed", "cancelled"]) | Q(finished_at__isnull=False),
                name="run_finished_has_a_time",
            ),
        ]
        indexes = [
            Index(fields=["state", "created_at"], name="run_by_state"),
            Index(fields=["scope", "-created_at"], name="run_by_scope"),
            Index(fields=["kind", "-created_at"], name="run_by_kind"),
            Index(fields=["-created_at"], name="run_by_time"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_finished(self) -> bool:
        return self.state in (self.State.SUCCEEDED, self.State.FAILED, self.State.CANCELLED)


class RunMetric(models.Model):
    """One line of a run's metrics.jsonl. All attempts append to one file, so its line number names the row."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="metrics")
    attempt = models.PositiveIntegerField()
    sequence = models.PositiveIntegerField()  # the line's number in the file, from 1
    step = models.PositiveBigIntegerField(default=0)
    values = models.JSONField()
    recorded_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering = ["sequence"]
        constraints = [
            UniqueConstraint(fields=["run", "sequence"], name="run_metric_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} · {self.step}"
