"""What a person may know of their own work in a project: how much, how fast, how well, and what reviewers said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.utils import timezone

from labeling.models import Assignment, Comparison, Judgment, Membership, Person, Project, Purpose, Review
from labeling.queries import current_judgments
from labeling.services.assignments import QUEUED_PURPOSES
from labeling.stats.agreement import agreement_within
from labeling.stats.gold import agrees_with_gold
from labeling.stats.intervals import Share, wilson_share

# Told in tens: a figure that changed with each judgment would say which of them was gold.
TOLD_IN = 10
MOST_COUNTED = 1000


@dataclass(frozen=True, slots=True)
class Period:
    """What was answered since some moment, and the active time it took, in seconds."""

    done: int
    active_seconds: int


@dataclass(frozen=True, slots=True)
class MyWork:
    """One person's own figures.

    Attributes:
        with_gold, with_myself: shares of agreement, None until there are ten to tell of.
        quota, allocation: how many are wanted of this person a day and in all; None without a limit.
    """

    today: Period
    week: Period
    done: int
    with_gold: Share | None
    with_myself: Share | None
    quota: int | None
    allocation: int | None

    @property
    def allocation_left(self) -> int | None:
        return None if self.allocation is None else max(0, self.allocation - self.done)

    @property
    def quota_left(self) -> int | None:
        return None if self.quota is None else max(0, self.quota - self.today.done)


def my_work(project: Project, person: Person, now: datetime | None = None) -> MyWork:
    """Collect one person's figures in one project."""
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    membership = Membership.objects.filter(project=project, person=person).first()
    return MyWork(
        today=_period(project, person, midnight),
        week=_period(project, person, midnight - timedelta(days=midnight.weekday())),
        done=_answered(project, person).count(),
        with_gold=agreement_with_gold(project, person),
        with_myself=agreement_with_oneself(project, person),
        quota=membership.daily_quota if membership and membership.daily_quota else project.daily_quota,
        allocation=membership.allocation if membership else None,
    )


def agreement_with_gold(project: Project, person: Person) -> Share | None:
    """How often this person's standing verdicts on gold are right; None before ten of them, then told in tens."""
    judgments = (
        current_judgments(project)
        .filter(annotator=person, comparison__use=Comparison.Use.WORK, comparison__gold_answer__isnull=False)
        .select_related("comparison__gold_answer")
        .order_by("judged_at", "pk")
    )
    right = [agrees_with_gold(one.ranking, one.comparison.gold_answer.ranking) for one in judgments[:MOST_COUNTED]]
    return _told(right)


def agreement_with_oneself(project: Project, person: Person) -> Share | None:
    """How often this person says the same when a comparison comes to them again; None before ten, then in tens."""
    again = list(
        current_judgments(project, purposes=[Purpose.REPEAT])
        .filter(annotator=person)
        .order_by("judged_at", "pk")
        .values_list("comparison_id", "ranking")[:MOST_COUNTED]
    )
    first = dict(
        current_judgments(project)
        .filter(annotator=person, comparison__in=[comparison for comparison, _ranking in again])
        .values_list("comparison_id", "ranking")
    )
    shares = [agreement_within([first[comparison], ranking]) for comparison, ranking in again if comparison in first]
    return _told([share for share in shares if share is not None])


def feedback_for(project: Project, person: Person) -> QuerySet[Review]:
    """What reviewers said of this person's verdicts, newest first, with whether they have answered anew since."""
    later = Judgment.objects.filter(supersedes=OuterRef("judgment"))
    reviews = Review.objects.filter(project=project, judgment__annotator=person)
    return (
        reviews.select_related("judgment__assignment", "judgment__comparison__prompt")
        .annotate(was_redone=Exists(later))
        .order_by("-created_at")
    )


def unread_feedback(project: Project, person: Person) -> int:
    """How many of those this person has not marked as read."""
    return Review.objects.filter(project=project, judgment__annotator=person, seen_at=None).count()


def _told(outcomes: Sequence[float]) -> Share | None:
    told = outcomes[: len(outcomes) // TOLD_IN * TOLD_IN]
    return wilson_share(sum(told) / len(told), len(told)) if told else None


def _answered(project: Project, person: Person) -> QuerySet[Assignment]:
    return Assignment.objects.filter(
        project=project, annotator=person, state=Assignment.State.DONE, purpose__in=QUEUED_PURPOSES
    )


def _period(project: Project, person: Person, since: datetime) -> Period:
    judgments = Judgment.objects.filter(
        project=project, annotator=person, purpose__in=QUEUED_PURPOSES, judged_at__gte=since
    )
    active_ms = judgments.aggregate(total=Sum("dwell_ms"))["total"] or 0
    return Period(_answered(project, person).filter(closed_at__gte=since).count(), round(active_ms / 1000))
