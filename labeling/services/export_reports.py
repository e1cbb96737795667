"""What an export would drop, said on a page: at once for a small snapshot, by a run for a large one.

A snapshot never changes, nor do its rules; what a run found stays true.
"""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from labeling.models import Person, Snapshot
from labeling.services.exports import prepare_export, report_export
from runs.models import Run
from runs.services.queueing import queue_run

RUN_KIND = "export_report"
AT_ONCE_JUDGMENTS = 20_000  # about a second


def report_of(snapshot: Snapshot, format: str) -> dict[str, Any] | None:
    """What `report_export` tells by the manifest's rules; None for a large snapshot before a run found it.

    Raises: InvalidSnapshot for a format that is not written; SnapshotFileMissing.
    """
    export = prepare_export(snapshot=snapshot, format=format)
    if snapshot.manifest["counts"]["judgments"] <= AT_ONCE_JUDGMENTS:
        return report_export(export)
    run = report_runs(snapshot, format).filter(state=Run.State.SUCCEEDED).first()
    return run.result if run else None


def report_runs(snapshot: Snapshot, format: str) -> QuerySet[Run]:
    """The runs that count what an export drops, newest first."""
    asked = {"config__snapshot": str(snapshot.pk), "config__format": format}
    return Run.objects.filter(kind=RUN_KIND, scope=snapshot.project.slug, **asked).order_by("-created_at")


def run_under_way(snapshot: Snapshot, format: str) -> Run | None:
    return report_runs(snapshot, format).filter(state__in=[Run.State.QUEUED, Run.State.RUNNING]).first()


def queue_export_report(*, snapshot: Snapshot, format: str, created_by: Person | None = None) -> Run:
    """Queue the count, unless one is under way. The caller then sends `execute_run.delay_on_commit(str(run.pk))`.

    Raises: as `report_of`.
    """
    prepare_export(snapshot=snapshot, format=format)
    return run_under_way(snapshot, format) or queue_run(
        kind=RUN_KIND,
        config={"snapshot": str(snapshot.pk), "format": format},
        title=_("What %(format)s drops of %(id)s") % {"format": format, "id": snapshot.content_sha256[:12]},
        created_by=created_by,
        scope=snapshot.project.slug,
    )
