"""What owners see of labeling in Django admin. Judgments and snapshots are shown, never edited."""

from labeling.admin import datasets, projects

__all__ = ["datasets", "projects"]
