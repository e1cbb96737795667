"""Reading: what a person may see, and how far a project is."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import UnknownProject, UnknownSnapshot
from labeling.models import (
    Assignment,
    Comparison,
    ComparisonResponse,
    Judgment,
    ModerationFinding,
    Person,
    Project,
    Purpose,
    Response,
    Snapshot,
)


def projects_visible_to(person: Person) -> QuerySet[Project]:
    """An owner and an engineer see every project, others those they are members of."""
    projects = Project.objects.filter(is_archived=False)
    if person.is_engineer:
        return projects
    return projects.filter(memberships__person=person)


def get_project(slug: str) -> Project:
    """The project under that slug, for commands. Raises: UnknownProject."""
    project = Project.objects.select_related("instrument").filter(slug=slug).first()
    if project is None:
        raise UnknownProject(_("There is no project “%(slug)s”. Create it first.") % {"slug": slug})
    return project


def get_project_for(person: Person, slug: str) -> Project:
    """The project under that slug. Raises: Http404 for an outsider, who must not learn that it exists."""
    project = projects_visible_to(person).select_related("instrument").filter(slug=slug).first()
    if project is None:
        raise Http404
    return project


def get_assignment_for(person: Person, pk: Any) -> Assignment:
    """A lease of this very person. Raises: Http404 for anybody else's."""
    assignment = (
        Assignment.objects.select_related("project__instrument", "comparison__prompt", "guideline_version", "annotator")
        .filter(pk=pk, annotator=person)
        .first()
    )
    if assignment is None:
        raise Http404
    return assignment


def responses_as_shown(assignment: Assignment) -> list[Response]:
    """The responses of an assignment, in the order drawn for it."""
    by_id = Response.objects.in_bulk(assignment.shown_order)
    return [by_id[response_id] for response_id in assignment.shown_order]


def current_judgments(project: Project | None = None, purposes: Iterable[str] = (Purpose.WORK,)) -> QuerySet[Judgment]:
    """The verdicts that stand: nothing supersedes them and they withdraw nothing.

    Args:
        purposes: what they were given for; by default the work itself, without repeats, practice, exams and
            adjudications.
    """
    later = Judgment.objects.filter(supersedes=OuterRef("pk"))
    judgments = Judgment.objects.filter(~Exists(later), is_retraction=False, purpose__in=list(purposes))
    return judgments if project is None else judgments.filter(project=project)


@dataclass(frozen=True, slots=True)
class ProjectProgress:
    """Where a project stands, in judgments and comparisons."""

    comparisons: int
    judgments_wanted: int
    judgments_stored: int
    slots_open: int
    annotators: int

    @property
    def share(self) -> float:
        """The part of the wanted judgments that is stored, 0 to 1; 0 for an empty project."""
        return self.judgments_stored / self.judgments_wanted if self.judgments_wanted else 0.0


def excluded_comparisons(project: Project) -> QuerySet[Comparison]:
    """The comparisons of a project that moderation keeps out of the queue and of snapshots."""
    removed = ModerationFinding.objects.filter(project=project, state=ModerationFinding.State.REMOVED)
    return Comparison.objects.filter(pk__in=removed.filter(comparison__isnull=False).values("comparison"))


def progress_of_project(project: Project) -> ProjectProgress:
    """Count what a project wants and has; what excluded comparisons still want, nobody is asked for."""
    totals = Comparison.objects.filter(project=project).aggregate(
        comparisons=Count("pk"), wanted=Sum("target_judgments"), open=Sum("open_slots")
    )
    excluded = excluded_comparisons(project).aggregate(open=Sum("open_slots"))["open"] or 0
    stored = current_judgments(project).aggregate(
        counted=Count("pk", filter=Q(is_surplus=False)), annotators=Count("annotator", distinct=True)
    )
    return ProjectProgress(
        comparisons=totals["comparisons"],
        judgments_wanted=(totals["wanted"] or 0) - excluded,
        judgments_stored=stored["counted"],
        slots_open=(totals["open"] or 0) - excluded,
        annotators=stored["annotators"],
    )


# What somebody answered of the queue, repeats among it; an index finds the part since a time.
_ANSWERED = """
    FROM labeling_assignment WHERE annotator_id = %(person)s AND project_id = %(project)s
    AND closed_at IS NOT NULL AND state = 'done' AND purpose IN ('work', 'repeat')"""
_PROGRESS = f"""
    SELECT (SELECT count(*) {_ANSWERED} AND closed_at >= %(since)s),
        (SELECT id {_ANSWERED} ORDER BY closed_at DESC LIMIT 1) IS NOT NULL,
        (SELECT daily_quota FROM labeling_membership WHERE project_id = %(project)s AND person_id = %(person)s)"""  # noqa: S608


@dataclass(frozen=True)
class AnnotatorProgress:
    """What one person did in a project; how much in all is counted when it is asked for."""

    done_today: int
    has_done: bool
    quota: int | None
    count_done: Callable[[], int] = int

    @property
    def done(self) -> int:
        return self.count_done()


def progress_of(project: Project, annotator: Person, now: datetime | None = None) -> AnnotatorProgress:
    """How many comparisons this person has answered today, and how many they may; flat in what they did before."""
    parameters = _who(project, annotator, midnight_before(now))
    with connection.cursor() as cursor:
        cursor.execute(_PROGRESS, parameters)
        today, has_done, own_quota = cursor.fetchone()
    return AnnotatorProgress(
        done_today=today,
        has_done=bool(has_done),
        quota=project.daily_quota if own_quota is None else own_quota,
        count_done=lambda: count_done(project, annotator),
    )


def done_today(project: Project, annotator: Person, now: datetime | None = None) -> int:
    """How many comparisons this person has answered since midnight; what they did before costs nothing to count."""
    return count_done(project, annotator, since=midnight_before(now))


def count_done(project: Project, annotator: Person, since: datetime | None = None) -> int:
    """How many comparisons of the queue this person has answered and not taken back, repeats among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) {_ANSWERED}{' AND closed_at >= %(since)s' if since else ''}",
            _who(project, annotator, since),
        )
        return int(cursor.fetchone()[0])


def midnight_before(now: datetime | None = None) -> datetime:
    """When the day of `now` began in the installation's time zone."""
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def _who(project: Project, annotator: Person, since: datetime | None) -> dict[str, Any]:
    adapted = connection.ops.adapt_datetimefield_value(since)
    return {"project": project.pk, "person": annotator.pk, "since": adapted}


def comparisons_above_target(project: Project | None = None) -> QuerySet[Comparison]:
    """Comparisons with more judgments that count than they wanted. There must be none."""
    comparisons = Comparison.objects.all() if project is None else Comparison.objects.filter(project=project)
    counts = Q(judgments__is_surplus=False, judgments__is_retraction=False, judgments__superseded_by=None)
    return (
        comparisons.annotate(counted=Count("judgments", filter=counts, distinct=True))
        .filter(counted__gt=F("target_judgments"))
        .order_by("pk")
    )


def response_ids_of(comparison_id: int) -> list[int]:
    """The responses a comparison shows, by id."""
    return list(ComparisonResponse.objects.filter(comparison_id=comparison_id).values_list("response_id", flat=True))


def find_snapshot(project: Project | None, name: str) -> Snapshot:
    """A snapshot, of a project or of any, by its id or by the start of its sha256 (8 digits or more).

    Raises: UnknownSnapshot.
    """
    snapshots = Snapshot.objects.select_related("project")
    if project is not None:
        snapshots = snapshots.filter(project=project)
    try:
        found = list(snapshots.filter(pk=UUID(name)))
    except ValueError:
        found = list(snapshots.filter(content_sha256__startswith=name.lower())[:2]) if len(name) >= 8 else []
    if len(found) == 1:
        return found[0]
    if project is None:
        raise UnknownSnapshot(_("There is no one snapshot “%(name)s”. Give its whole id.") % {"name": name})
    raise UnknownSnapshot(
        _("Project “%(project)s” has no one snapshot “%(name)s”. Give its whole id.")
        % {"project": project.slug, "name": name}
    )
