"""Reading for pages: what waits for a person, how a project does, what happened last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from labeling.models import (
    Assignment,
    Comparison,
    ImportBatch,
    Judgment,
    Membership,
    ModerationFinding,
    Person,
    Project,
)
from labeling.my_work import unread_feedback
from labeling.queries import ProjectProgress, current_judgments, progress_of_project
from labeling.services.assignments import LIVE_STATES
from labeling.services.qualification import may_judge
from labeling.stats.agreement import Agreement, pairwise_agreement

WAITING_COUNTED = 100
AGREEMENT_COMPARISONS = 1000
ACTIVE_DAYS = 7
RECENT_ROWS = 8


@dataclass(frozen=True, slots=True)
class ProjectLine:
    """One project in a person's list."""

    project: Project
    role: str
    progress: ProjectProgress
    waiting: int
    cares: Sequence[str] = ()
    unread: int = 0
    first_step: str = ""

    @property
    def waiting_is_more(self) -> bool:
        return self.waiting >= WAITING_COUNTED


def waiting_for(project: Project, person: Person) -> int:
    """How many comparisons could be handed to this person now, counted up to 100; their open lease is one of them."""
    had = Assignment.objects.filter(comparison=OuterRef("pk"), annotator=person, state__in=LIVE_STATES)
    judged = Judgment.objects.filter(comparison=OuterRef("pk"), annotator=person)
    excluded = ModerationFinding.objects.filter(comparison=OuterRef("pk"), state=ModerationFinding.State.REMOVED)
    queue = Comparison.objects.filter(project=project, open_slots__gt=0)
    queue = queue.filter(~Exists(had), ~Exists(judged), ~Exists(excluded))
    leased = Assignment.objects.filter(project=project, annotator=person, state=Assignment.State.OPEN).count()
    return min(leased + queue.values("pk")[:WAITING_COUNTED].count(), WAITING_COUNTED)


def median_dwell_seconds(project: Project, annotator: Person) -> int | None:
    """The median active time of this person's last 50 judgments, in whole seconds; None before there are five."""
    recent = Judgment.objects.filter(project=project, annotator=annotator, dwell_ms__isnull=False)
    times = [time or 0 for time in recent.order_by("-judged_at").values_list("dwell_ms", flat=True)[:50]]
    return round(median(times) / 1000) if len(times) >= 5 else None


def agreement_of(project: Project) -> Agreement | None:
    """How people agree on the latest comparisons that two or more of them judged."""
    doubled = (
        Comparison.objects.filter(project=project)
        .annotate(people=Count("judgments__annotator", distinct=True))
        .filter(people__gte=2)
        .order_by("-pk")
        .values_list("pk", flat=True)[:AGREEMENT_COMPARISONS]
    )
    rankings: dict[int, list[Any]] = {}
    rows = current_judgments(project).filter(comparison__in=list(doubled)).values_list("comparison_id", "ranking")
    for comparison, ranking in rows:
        rankings.setdefault(comparison, []).append(ranking)
    return pairwise_agreement(rankings.values())


def active_annotators(project: Project) -> int:
    """How many people judged here within the last seven days."""
    since = timezone.now() - timedelta(days=ACTIVE_DAYS)
    judgments = Judgment.objects.filter(project=project, judged_at__gte=since, source=Judgment.Source.PERSON)
    return judgments.values("annotator").distinct().count()


def recent_comparisons(project: Project) -> QuerySet[Comparison]:
    """The comparisons that came last, with how many responses they have."""
    comparisons = Comparison.objects.filter(project=project).select_related("prompt")
    return comparisons.annotate(response_count=Count("members", distinct=True)).order_by("-pk")[:RECENT_ROWS]


def recent_judgments(project: Project) -> QuerySet[Judgment]:
    """The verdicts that came last and still stand."""
    judgments = current_judgments(project).select_related("annotator", "comparison__prompt")
    return judgments.order_by("-judged_at", "-pk")[:RECENT_ROWS]


def unfinished_or_rejected_imports(project: Project) -> QuerySet[ImportBatch]:
    """The last imports that left rows out."""
    return ImportBatch.objects.filter(project=project, rejected__gt=0).order_by("-created_at")[:3]


def project_line(project: Project, role: str, person: Person) -> ProjectLine:
    """One project with what concerns this person: work for those who judge, worries for those who manage."""
    judges = role in ("annotator", "reviewer", "manager")
    return ProjectLine(
        project=project,
        role=role,
        progress=progress_of_project(project),
        waiting=waiting_for(project, person) if judges else 0,
        cares=_cares(project) if role == "manager" else (),
        unread=unread_feedback(project, person) if judges else 0,
        first_step=may_judge(project, person).sentence if judges else "",
    )


def _cares(project: Project) -> list[str]:
    """What a manager should look at, as codes that the template puts into words."""
    annotators = Membership.objects.filter(project=project).aggregate(
        everybody=Count("pk"), judging=Count("pk", filter=Q(role=Membership.Role.ANNOTATOR))
    )
    comparisons = Comparison.objects.filter(project=project)
    cares = []
    if not comparisons.exists():
        cares.append("no-comparisons")
    elif not comparisons.filter(open_slots__gt=0).exists():
        cares.append("queue-empty")
    if not annotators["judging"]:
        cares.append("no-annotators")
    if unfinished_or_rejected_imports(project).exists():
        cares.append("rows-rejected")
    return cares
