"""The kinds of run that labeling brings. They need the database, so they work in the worker."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from runs.kinds import RunKind, register

if TYPE_CHECKING:
    from runs.models import Run
    from runs.services.progress import Progress


def register_kinds() -> None:
    """Tell `runs` how to execute ours."""
    register(RunKind(name="import", title=_("Import"), execute=execute_import))
    register(RunKind(name="moderation", title=_("Moderation"), execute=execute_moderation))
    register(RunKind(name="snapshot", title=_("Snapshot"), execute=execute_snapshot))
    register(RunKind(name="compare_snapshots", title=_("Comparison of snapshots"), execute=execute_comparison))
    register(RunKind(name="export_report", title=_("Report on an export"), execute=execute_export_report))
    register(RunKind(name="quality", title=_("Quality"), execute=execute_quality))
    register(RunKind(name="leaderboard", title=_("Leaderboard"), execute=execute_leaderboard))


def execute_import(run: "Run", progress: "Progress") -> dict[str, Any]:
    """Import the run's file, fetched if it lies elsewhere, from the row after the last one stored."""
    from labeling.errors import RowsRefused, UnreadableUpload
    from labeling.services.imports import count_rows, counts_of, import_file
    from labeling.services.moderation import moderate_import
    from labeling.services.uploads import batch_of, fetch_upload, forget_upload, picture_folder, upload_path

    batch = batch_of(run.pk)
    if batch.finished_at is not None:  # an earlier attempt ended between its last row and its own end
        moderate_import(batch=batch)
        return counts_of(batch)
    fetch_upload(run, progress=lambda: progress(batch.rows, None))
    total = count_rows(upload_path(run))
    try:
        counts = import_file(
            batch=batch,
            path=upload_path(run),
            mapping=run.config.get("mapping"),
            people_judge_again=run.config.get("people_judge_again", True),
            all_or_nothing=run.config.get("all_or_nothing", False),
            pictures_from=picture_folder(run),
            progress=lambda rows: progress(rows, total),
        )
    except (RowsRefused, UnreadableUpload):
        forget_upload(run)  # nobody can read it the next time either
        raise
    forget_upload(run)
    moderate_import(batch=batch, progress=lambda done, _total: progress(counts.rows, total))
    return counts.as_json()


def execute_moderation(run: "Run", progress: "Progress") -> dict[str, Any]:
    """Look through a project's texts with the checks that the run's config names."""
    from labeling.queries import get_project
    from labeling.services.moderation import moderate_project

    scores = run.config.get("scores")
    return moderate_project(
        project=get_project(run.config["project"]),
        names=run.config["checks"],
        scores=Path(scores) if scores else None,
        progress=progress,
    ).as_json()


def execute_snapshot(run: "Run", progress: "Progress") -> dict[str, Any]:
    """Freeze the snapshot that the run's config describes; the same content is the same snapshot."""
    from labeling.queries import get_project
    from labeling.services.snapshots import SnapshotRequest, freeze_snapshot

    frozen = freeze_snapshot(
        project=get_project(run.config["project"]),
        request=SnapshotRequest.from_dict(run.config),
        created_by=run.created_by,
        progress=lambda comparisons: progress(comparisons, None),
    )
    return {"snapshot": str(frozen.snapshot.pk), "is_new": frozen.is_new}


def execute_comparison(run: "Run", progress: "Progress") -> dict[str, Any]:
    """Compare the two snapshots that the run's config names; they never change, nor does what is found."""
    from labeling.queries import find_snapshot
    from labeling.services.snapshots import compare_snapshots

    first, second = (find_snapshot(None, run.config[name]) for name in ("first", "second"))
    return compare_snapshots(first, second, progress=lambda rows: progress(rows, None)).to_dict()


def execute_export_report(run: "Run", progress: "Progress") -> dict[str, Any]:
    """Count what an export of the run's snapshot drops; it never changes."""
    from labeling.queries import find_snapshot
    from labeling.services.exports import prepare_export, report_export

    export = prepare_export(snapshot=find_snapshot(None, run.config["snapshot"]), format=run.config["format"])
    return report_export(export, progress=lambda rows: progress(rows, None))


def execute_quality(run: "Run", progress: "Progress") -> dict[str, Any]:
    """Measure the judgments of the run's project; a second time replaces the first."""
    from labeling.queries import get_project
    from labeling.services.quality import compute_report

    sources = tuple(run.config["sources"])
    report = compute_report(project=get_project(run.config["project"]), sources=sources, progress=progress)
    return {"judgments": report.judgments}


def execute_leaderboard(run: "Run", progress: "Progress") -> dict[str, Any]:
    """Rank the policies of the run's project; a second time replaces the first."""
    from labeling.queries import get_project
    from labeling.services.leaderboard import LeaderboardRequest, keep_leaderboard

    report = keep_leaderboard(
        project=get_project(run.config["project"]),
        request=LeaderboardRequest.from_dict(run.config["request"]),
        progress=progress,
    )
    return {"judgments": report.judgments}
