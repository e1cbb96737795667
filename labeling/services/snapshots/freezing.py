"""Freezing what was judged into an immutable file. The same content is the same snapshot, on any engine."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot, SnapshotFileMissing
from labeling.models import Comparison, Judgment, Person, Project, Snapshot
from labeling.services.examination import examine_new
from labeling.services.snapshots.reading import Reading
from labeling.services.snapshots.request import SnapshotRequest
from labeling.services.snapshots.rows import records_of
from runs.models import Run
from runs.services.queueing import queue_run

RUN_KIND = "snapshot"
AT_ONCE_COMPARISONS = AT_ONCE_JUDGMENTS = 5_000  # about two seconds of work; more is a run


@dataclass(frozen=True, slots=True)
class Frozen:
    """A snapshot, and whether this call made it."""

    snapshot: Snapshot
    is_new: bool


def freeze_snapshot(
    *,
    project: Project,
    request: SnapshotRequest,
    created_by: Person | None = None,
    progress: Callable[[int], None] = lambda comparisons: None,
) -> Frozen:
    """Write what stands now into a file and record it; content that was frozen before gives the snapshot it has.

    Args:
        progress: told the number of comparisons read; may raise to stop, and nothing is left behind.

    Raises: InvalidSnapshot when nothing is left to freeze.
    """
    from preferences.snapshot import store_snapshot  # Arrow is not loaded before it is needed

    if request.exclude_suspicious:
        while examine_new(project=project):
            pass
    reading = Reading.begin(project, request)
    records = records_of(reading, progress)
    first = next(records, None)
    if first is None:
        raise InvalidSnapshot(_("There is nothing to freeze: no comparison has a verdict that these filters keep."))
    path, manifest = store_snapshot(
        chain([first], records),
        Path(settings.PLUMBLINE_HOME) / "snapshots",
        seed=request.seed,
        validation=request.validation,
        test=request.test,
        rules=request.rules,
        filters=request.filters(),
        drops=reading.drops,
        extra={"project": project.slug},
        near_duplicates=request.group_near_duplicates,
    )
    same = Snapshot.objects.filter(project=project, content_sha256=manifest.content_sha256)
    if (snapshot := same.first()) is not None:
        return Frozen(snapshot, is_new=False)
    told = replace(
        manifest,
        filters=request.filters(),
        drops=reasons_told(reading.drops),
        extra={"project": project.slug, **({"benchmark": reading.benchmark.told()} if reading.benchmark else {})},
    )
    try:
        with transaction.atomic():
            snapshot = Snapshot.objects.create(
                project=project,
                content_sha256=manifest.content_sha256,
                file_sha256=manifest.file_sha256,
                file=str(path.relative_to(settings.PLUMBLINE_HOME)),
                manifest=told.to_dict(),
                name=request.name,
                created_by=created_by,
            )
    except IntegrityError:  # somebody froze the same at the same time
        return Frozen(same.get(), is_new=False)
    return Frozen(snapshot, is_new=True)


def queue_snapshot(*, project: Project, request: SnapshotRequest, created_by: Person | None = None) -> Run:
    """Record that a snapshot is wanted. The caller then sends `execute_run.delay_on_commit(str(run.pk))`."""
    return queue_run(
        kind=RUN_KIND,
        config={"project": project.slug, **request.to_dict()},
        title=_("Freeze %(project)s") % {"project": project.name},
        created_by=created_by,
        scope=project.slug,
        lineage=[{"label": project.name, "url": f"/projects/{project.slug}/", "kind": "project"}],
    )


def reasons_told(drops: Mapping[str, int]) -> dict[str, int]:
    """Reasons and how often, in a fixed order, without those that nothing was dropped for."""
    return {reason: count for reason, count in sorted(drops.items()) if reason and count}


def is_large(project: Project) -> bool:
    """Whether freezing takes longer than somebody should wait for a page."""
    return (
        Comparison.objects.filter(project=project).order_by()[AT_ONCE_COMPARISONS:].exists()
        or Judgment.objects.filter(project=project).order_by()[AT_ONCE_JUDGMENTS:].exists()
    )


def snapshot_path(snapshot: Snapshot) -> Path:
    """Where a snapshot's file lies. Raises: SnapshotFileMissing."""
    path = Path(settings.PLUMBLINE_HOME) / snapshot.file
    if not path.exists():
        raise SnapshotFileMissing(
            _("The file of snapshot %(id)s is not under PLUMBLINE_HOME any more. Freeze the same filters again.")
            % {"id": snapshot.content_sha256[:12]}
        )
    return path
