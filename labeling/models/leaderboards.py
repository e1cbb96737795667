"""Leaderboards of large projects, kept so that a page need not compute them again."""

from django.db import models
from django.db.models import UniqueConstraint
from django.utils import timezone

from labeling.models.projects import Project


class LeaderboardReport(models.Model):
    """The latest leaderboard of a project by one request. Computed anew, it replaces the one before."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="leaderboard_reports")
    asked = models.JSONField(default=dict)  # what `LeaderboardRequest.to_dict` wrote
    asked_sha256 = models.CharField(max_length=64)  # of `asked` as canonical JSON
    computed_at = models.DateTimeField(default=timezone.now)
    last_judgment = models.BigIntegerField(default=0)  # judgments stored up to this one are in it
    judgments = models.PositiveBigIntegerField(default=0)
    result = models.JSONField(default=dict)
    version = models.PositiveSmallIntegerField()  # of the result's shape

    class Meta:
        constraints = [
            UniqueConstraint(
                fields=["project", "asked_sha256"], name="leaderboard_report_once_per_project_and_request"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project} · {self.asked_sha256[:12]}"
