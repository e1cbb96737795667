"""What was measured of a project's judgments, kept so that a page need not measure again."""

from django.db import models
from django.db.models import UniqueConstraint
from django.utils import timezone

from labeling.models.projects import Project


class QualityReport(models.Model):
    """The latest measurement of a project's judgments from some sources. Computed anew, it replaces the one before."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="quality_reports")
    sources = models.CharField(max_length=40)  # whose judgments, of Judgment.Source, joined by commas
    computed_at = models.DateTimeField(default=timezone.now)
    last_judgment = models.BigIntegerField(default=0)  # judgments stored up to this one are in it
    judgments = models.PositiveBigIntegerField(default=0)
    result = models.JSONField(default=dict)
    annotators = models.JSONField(default=dict)  # {pseudonym: figures}
    version = models.PositiveSmallIntegerField()  # of the result's shape

    class Meta:
        constraints = [
            UniqueConstraint(fields=["project", "sources"], name="quality_report_once_per_project_and_sources"),
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.sources}"
