"""Data at the edges: what came in by file, and what was frozen for training."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint
from django.utils import timezone

from labeling.models.append_only import AppendOnlyModel
from labeling.models.projects import Project


class ImportBatch(models.Model):
    """One file read into one project, with the counts that account for each of its rows."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="import_batches")
    run = models.OneToOneField("runs.Run", on_delete=models.PROTECT, null=True, related_name="+")
    file_name = models.CharField(max_length=255)
    file_sha256 = models.CharField(max_length=64, blank=True)
    format = models.CharField(max_length=40)
    rows = models.PositiveBigIntegerField(default=0)
    accepted = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)
    unchanged = models.PositiveBigIntegerField(default=0)
    rejected_file = models.CharField(max_length=255, blank=True)  # relative to PLUMBLINE_HOME
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            CheckConstraint(
                condition=Q(finished_at=None)
                | Q(rows=models.F("accepted") + models.F("rejected") + models.F("unchanged")),
                name="import_batch_accounts_for_each_row",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} → {self.project}"


class Snapshot(AppendOnlyModel):
    """An immutable dataset: a file, its sha256, its manifest. Triggers refuse UPDATE and DELETE."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="snapshots")
    content_sha256 = models.CharField(max_length=64, editable=False)
    file_sha256 = models.CharField(max_length=64, editable=False)
    file = models.CharField(max_length=255, editable=False)  # relative to PLUMBLINE_HOME
    manifest = models.JSONField(editable=False)
    name = models.CharField(max_length=120, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta(AppendOnlyModel.Meta):
        ordering = ["-created_at"]
        constraints = [
            UniqueConstraint(fields=["project", "content_sha256"], name="snapshot_once_per_project_and_content"),
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.content_sha256[:12]}"
