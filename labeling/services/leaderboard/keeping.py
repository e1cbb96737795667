"""Computing a project's leaderboard, at once or as a run, and keeping what a run found."""

import hashlib
from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import NotMeasured
from labeling.models import Comparison, LeaderboardReport, Person, Project
from labeling.services import quality
from labeling.services.leaderboard.request import LeaderboardRequest
from preferences.hashing import canonical_json
from runs.models import Run
from runs.services.queueing import queue_run

RUN_KIND = "leaderboard"
VERSION = 1  # of a result's shape: what another version wrote is not read
AT_ONCE_COMPARISONS = 5_000  # more are read in a run, however few were judged
KEPT = 50  # requests of a project whose result is kept, the latest ones


def compute_leaderboard(
    *,
    project: Project,
    request: LeaderboardRequest,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> LeaderboardReport:
    """Rank the project's policies by what stands now. The report is not saved.

    Args:
        progress: is told how many of how many comparisons are read, and again before and after the fits.
    """
    from labeling.services.leaderboard.board import compute_board
    from labeling.services.leaderboard.verdicts import features_of, read_verdicts

    now, last = timezone.now(), quality.last_judgment(project)
    total = Comparison.objects.filter(project=project).count()
    verdicts = read_verdicts(project, request, lambda done: progress(done, total))
    features = features_of(verdicts) if request.equal_style else None
    progress(total, total)
    asked = request.to_dict()
    return LeaderboardReport(
        project=project,
        asked=asked,
        asked_sha256=_sha256(asked),
        computed_at=now,
        last_judgment=last,
        judgments=len(verdicts.rankings),
        result=compute_board(verdicts, request, features),
        version=VERSION,
    )


def keep_leaderboard(
    *,
    project: Project,
    request: LeaderboardRequest,
    progress: Callable[[int, int | None], None] = lambda done, total: None,
) -> LeaderboardReport:
    """Rank the project's policies and keep it in place of what the same request found before."""
    found = compute_leaderboard(project=project, request=request, progress=progress)
    names = ("asked", "computed_at", "last_judgment", "judgments", "result", "version")
    kept, _is_new = LeaderboardReport.objects.update_or_create(
        project=project, asked_sha256=found.asked_sha256, defaults={name: getattr(found, name) for name in names}
    )
    latest = LeaderboardReport.objects.filter(project=project).order_by("-computed_at").values_list("pk", flat=True)
    LeaderboardReport.objects.filter(pk__in=list(latest[KEPT:])).delete()
    return kept


def stored_leaderboard(project: Project, request: LeaderboardRequest) -> LeaderboardReport | None:
    """What a run found last for this request, if this version can read it."""
    return LeaderboardReport.objects.filter(
        project=project, asked_sha256=_sha256(request.to_dict()), version=VERSION
    ).first()


def get_leaderboard(project: Project, request: LeaderboardRequest) -> LeaderboardReport:
    """A small project's leaderboard as of now, a large one's as a run found it. Raises: NotMeasured."""
    if is_small(project):
        return compute_leaderboard(project=project, request=request)
    report = stored_leaderboard(project, request)
    if report is None:
        raise NotMeasured(_("This leaderboard has not been computed yet. Have it computed in a run first."))
    return report


def is_small(project: Project) -> bool:
    """Whether a person can wait for the leaderboard."""
    return quality.is_small(project) and not (
        Comparison.objects.filter(project=project).order_by()[AT_ONCE_COMPARISONS:].exists()
    )


def run_under_way(project: Project, request: LeaderboardRequest) -> Run | None:
    """The run that is computing this leaderboard, or will."""
    waiting = Run.objects.filter(kind=RUN_KIND, scope=project.slug, state__in=[Run.State.QUEUED, Run.State.RUNNING])
    return next((run for run in waiting if run.config.get("request") == request.to_dict()), None)


def queue_leaderboard(*, project: Project, request: LeaderboardRequest, created_by: Person | None = None) -> Run:
    """Queue the computation, unless it is under way. The caller enqueues."""
    return run_under_way(project, request) or queue_run(
        kind=RUN_KIND,
        config={"project": project.slug, "request": request.to_dict()},
        title=_("Leaderboard of %(project)s") % {"project": project.name},
        created_by=created_by,
        scope=project.slug,
        lineage=[{"label": project.name, "url": f"/projects/{project.slug}/leaderboard/", "kind": "project"}],
    )


def _sha256(asked: dict[str, object]) -> str:
    return hashlib.sha256(canonical_json(asked)).hexdigest()
