"""What annotators do with what reviewers said."""

from django.utils import timezone

from labeling.models import Person, Project, Review


def mark_feedback_read(*, project: Project, person: Person) -> int:
    """Mark everything said so far of this person's judgments as read; returns how much that was."""
    unread = Review.objects.filter(project=project, judgment__annotator=person, seen_at=None)
    return unread.update(seen_at=timezone.now())
