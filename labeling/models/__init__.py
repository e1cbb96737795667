"""The tables of labeling, by noun."""

from labeling.models.comparisons import Comparison, ComparisonResponse, GoldAnswer
from labeling.models.content import Prompt, Response
from labeling.models.datasets import ImportBatch, Snapshot
from labeling.models.judgments import Assignment, Judgment
from labeling.models.people import ApiToken, Person
from labeling.models.projects import GuidelineVersion, Instrument, Membership, Project

__all__ = [
    "ApiToken",
    "Assignment",
    "Comparison",
    "ComparisonResponse",
    "GoldAnswer",
    "GuidelineVersion",
    "ImportBatch",
    "Instrument",
    "Judgment",
    "Membership",
    "Person",
    "Project",
    "Prompt",
    "Response",
    "Snapshot",
]
