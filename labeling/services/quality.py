"""Measuring a project's judgments, at once or as a run, and keeping what was found."""

from collections.abc import Callable, Iterable

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import NotMeasured
from labeling.models import Judgment, LeaderboardReport, Person, Project, QualityReport
from runs.models import Run
from runs.services.queueing import queue_run

RUN_KIND = "quality"
VERSION = 1  # of a report's shape: what another version wrote is not read
AT_ONCE_JUDGMENTS = 1_000  # more are measured in a run
NEWER_COUNTED = 1_000
OTHER_SOURCES = (Judgment.Source.IMPORTED.value, Judgment.Source.SIMULATED.value)


def sources_with(others: Iterable[str] = ()) -> tuple[str, ...]:
    """Whose judgments are measured: people's always, imported and simulated ones if they are asked for."""
    asked = set(others)
    return (Judgment.Source.PERSON.value, *(source for source in OTHER_SOURCES if source in asked))


def compute_report(
    *,
    project: Project,
    sources: tuple[str, ...] = sources_with(),
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> QualityReport:
    """Measure what stands in a project and keep it in place of what was measured before.

    Args:
        sources: as `sources_with` gives them.
        progress: is told how many of how many comparisons are read, and is called between the measures.
    """
    from labeling.quality.measuring import measure
    from labeling.quality.reading import read_quality

    now, last = timezone.now(), last_judgment(project)
    data = read_quality(project, sources, progress)
    read = len(data.judged)
    result, annotators = measure(data, lambda: progress(read, read))
    report, _is_new = QualityReport.objects.update_or_create(
        project=project,
        sources=",".join(sources),
        defaults={
            "computed_at": now,
            "last_judgment": last,
            "judgments": len(data.said),
            "result": result,
            "annotators": annotators,
            "version": VERSION,
        },
    )
    return report


def stored_report(project: Project, sources: tuple[str, ...] = sources_with()) -> QualityReport | None:
    """What was measured last, if this version can read it."""
    return QualityReport.objects.filter(project=project, sources=",".join(sources), version=VERSION).first()


def get_report(project: Project, sources: tuple[str, ...] = sources_with()) -> QualityReport:
    """What was measured last; a small project that was never measured is measured now. Raises: NotMeasured."""
    report = stored_report(project, sources)
    if report is not None:
        return report
    if is_small(project):
        return compute_report(project=project, sources=sources)
    raise NotMeasured(_("Nobody has measured the judgments of this project yet. Press “Compute now”."))


def is_small(project: Project) -> bool:
    """Whether a person can wait for the measurement."""
    judgments = Judgment.objects.filter(project=project).order_by()
    return judgments[: AT_ONCE_JUDGMENTS + 1].count() <= AT_ONCE_JUDGMENTS


def last_judgment(project: Project) -> int:
    """The judgment of a project that was stored last; 0 where there is none."""
    return Judgment.objects.filter(project=project).aggregate(last=Max("pk"))["last"] or 0


def newer_judgments(report: QualityReport | LeaderboardReport) -> int:
    """How many judgments were stored since, whenever they were given: an import brings old ones. Up to 1,000."""
    since = Judgment.objects.filter(project=report.project_id, pk__gt=report.last_judgment)
    return since.order_by()[:NEWER_COUNTED].count()


def run_under_way(project: Project, sources: tuple[str, ...]) -> Run | None:
    """The run that is measuring these judgments, or will."""
    waiting = Run.objects.filter(kind=RUN_KIND, scope=project.slug, state__in=[Run.State.QUEUED, Run.State.RUNNING])
    return next((run for run in waiting if run.config.get("sources") == list(sources)), None)


def queue_report(*, project: Project, sources: tuple[str, ...], created_by: Person | None = None) -> Run:
    """Queue the measurement, unless one is under way. The caller enqueues."""
    return run_under_way(project, sources) or queue_run(
        kind=RUN_KIND,
        config={"project": project.slug, "sources": list(sources)},
        title=_("Quality of %(project)s") % {"project": project.name},
        created_by=created_by,
        scope=project.slug,
        lineage=[{"label": project.name, "url": f"/projects/{project.slug}/quality/", "kind": "project"}],
    )
