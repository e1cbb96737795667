"""How much more a person may be handed: by the day, and in all."""

from datetime import datetime

from labeling.models import Person, Project
from labeling.queries import count_done, midnight_before


def allowed_more(
    *, project: Project, annotator: Person, daily_quota: int | None, allocation: int | None, held: int, now: datetime
) -> int | None:
    """How many comparisons this person may be handed besides the `held` ones; None when nothing limits them.

    The day is counted by an index, from midnight in the installation's time zone on. The count in all grows with what
    the person has done, so only those with an allocation pay for it.
    """
    left = []
    if daily_quota is not None:
        left.append(daily_quota - held - count_done(project, annotator, since=midnight_before(now)))
    if allocation is not None:
        left.append(allocation - held - count_done(project, annotator))
    return max(0, min(left)) if left else None
