"""The tables of labeling, by noun."""

from labeling.models.comparisons import Comparison, ComparisonResponse, GoldAnswer
from labeling.models.content import Prompt, Response
from labeling.models.datasets import ImportBatch, Snapshot
from labeling.models.joining import Invitation, Qualification
from labeling.models.judgments import Assignment, Judgment, Purpose
from labeling.models.leaderboards import LeaderboardReport
from labeling.models.moderation import Moderation, ModerationFinding
from labeling.models.people import ApiToken, Person
from labeling.models.projects import GuidelineAcceptance, GuidelineVersion, Instrument, Membership, Project
from labeling.models.quality import QualityReport
from labeling.models.reviews import Review, ReviewItem, ReviewMark

__all__ = [
    "ApiToken",
    "Assignment",
    "Comparison",
    "ComparisonResponse",
    "GoldAnswer",
    "GuidelineAcceptance",
    "GuidelineVersion",
    "ImportBatch",
    "Instrument",
    "Invitation",
    "Judgment",
    "LeaderboardReport",
    "Membership",
    "Moderation",
    "ModerationFinding",
    "Person",
    "Project",
    "Prompt",
    "Purpose",
    "Qualification",
    "QualityReport",
    "Response",
    "Review",
    "ReviewItem",
    "ReviewMark",
    "Snapshot",
]
