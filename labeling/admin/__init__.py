"""What owners see of labeling in Django admin. What is judged, frozen and reviewed is shown, never edited."""

from labeling.admin import assignments, comparisons, datasets, judgments, members, moderation, people, projects, reviews

__all__ = [
    "assignments",
    "comparisons",
    "datasets",
    "judgments",
    "members",
    "moderation",
    "people",
    "projects",
    "reviews",
]
