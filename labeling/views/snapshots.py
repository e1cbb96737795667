"""Snapshots of a project: counted beforehand, frozen, looked at, compared, and sent out in a format."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.downloads import streamed, streamed_folder
from labeling.errors import LabelingError
from labeling.models import Project, Snapshot
from labeling.services.dataset_folder import CONTAINERS, prepare_folder
from labeling.services.export_reports import queue_export_report, report_of, run_under_way
from labeling.services.exports import DEFAULT_CONTAINER, prepare_export, writable_containers, writable_formats
from labeling.services.snapshots import freeze_snapshot, is_large, preview_snapshot, queue_snapshot
from labeling.snapshot_form import SnapshotForm
from labeling.snapshot_words import filters_in_words
from labeling.views.access import project_view
from labeling.views.datasets import DATA_ROLES, show
from runs.tasks import execute_run

SHOWN = 20


@project_view(*DATA_ROLES)
@require_POST
def preview(request: HttpRequest, project: Project) -> HttpResponse:
    """Count what the form would freeze; nothing is frozen."""
    form = SnapshotForm(request.POST, request.FILES)
    found, status = None, 422
    if form.is_valid():
        try:
            found, status = preview_snapshot(project=project, request=form.request()), 200
        except LabelingError as problem:
            form.add_error(None, str(problem))
            status = problem.status
    if request.htmx:  # type: ignore[attr-defined]
        context = {"preview": found, "snapshot_form": form}
        return render(request, "labeling/_snapshot_preview.html", context, status=status)
    return show(request, project, snapshot_form=form, preview=found, status=status)


@project_view(*DATA_ROLES)
@require_POST
def freeze(request: HttpRequest, project: Project) -> HttpResponse:
    """Freeze a snapshot, at once or, for a large project, as a run."""
    form = SnapshotForm(request.POST, request.FILES)
    if not form.is_valid():
        return show(request, project, snapshot_form=form, status=422)
    try:
        asked = form.request()
        if is_large(project):
            run = queue_snapshot(project=project, request=asked, created_by=request.user)  # type: ignore[arg-type]
            execute_run.delay_on_commit(str(run.pk))
            messages.success(request, _("The project is large; the snapshot is being frozen and will appear here."))
            return redirect("labeling-datasets", slug=project.slug)
        frozen = freeze_snapshot(project=project, request=asked, created_by=request.user)  # type: ignore[arg-type]
    except LabelingError as problem:
        form.add_error(None, str(problem))
        return show(request, project, snapshot_form=form, status=problem.status)
    said = _("Frozen as %(id)s.") if frozen.is_new else _("Nothing has changed: this content is frozen as %(id)s.")
    messages.success(request, said % {"id": frozen.snapshot.content_sha256[:12]})
    return redirect("labeling-snapshot", slug=project.slug, pk=frozen.snapshot.pk)


@project_view(*DATA_ROLES)
@require_GET
def snapshot(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """One snapshot: what is in it, what was left out, and the formats it can leave in."""
    found = snapshot_in(project, pk)
    format = request.GET.get("report", "")
    context = {
        "project": project,
        "snapshot": found,
        "manifest": found.manifest,
        "others": Snapshot.objects.filter(project=project).exclude(pk=found.pk).order_by("-created_at")[:SHOWN],
        "filters": filters_in_words(found.manifest["filters"]),
        "formats": writable_formats(),
        "containers": writable_containers(),
        "folder_containers": CONTAINERS,
    }
    if format:
        try:
            context |= {"reported": format, "report": report_of(found, format), "run": run_under_way(found, format)}
        except LabelingError as problem:
            messages.error(request, str(problem))
    return render(request, "labeling/snapshot.html", context)


@project_view(*DATA_ROLES)
@require_POST
def count_drops(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """Let a run count what an export of a large snapshot drops."""
    found, format = snapshot_in(project, pk), request.POST.get("report", "")
    try:
        run = queue_export_report(snapshot=found, format=format, created_by=request.user)  # type: ignore[arg-type]
    except LabelingError as problem:
        messages.error(request, str(problem))
        return redirect("labeling-snapshot", slug=project.slug, pk=found.pk)
    execute_run.delay_on_commit(str(run.pk))
    return redirect(f"{reverse('labeling-snapshot', args=[project.slug, found.pk])}?report={format}")


@project_view(*DATA_ROLES)
@require_GET
def export(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse | StreamingHttpResponse:
    """A snapshot in a format and a container, written while it is sent."""
    found, asked = snapshot_in(project, pk), request.GET
    try:
        return streamed(
            prepare_export(
                snapshot=found,
                format=asked.get("format", ""),
                container=asked.get("container") or DEFAULT_CONTAINER,
                split=asked.get("split") or None,
            )
        )
    except LabelingError as problem:
        messages.error(request, str(problem))
        return redirect("labeling-snapshot", slug=project.slug, pk=found.pk)


@project_view(*DATA_ROLES)
@require_GET
def folder(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse | StreamingHttpResponse:
    """A snapshot as the folder that `load_dataset` takes, in a ZIP archive written while it is sent."""
    found, asked = snapshot_in(project, pk), request.GET
    try:
        return streamed_folder(
            prepare_folder(
                snapshot=found,
                format=asked.get("format", ""),
                container=asked.get("container") or CONTAINERS[0],
                license=asked.get("license") or "unknown",
            )
        )
    except LabelingError as problem:
        messages.error(request, str(problem))
        return redirect("labeling-snapshot", slug=project.slug, pk=found.pk)


def snapshot_in(project: Project, pk: UUID) -> Snapshot:
    """A snapshot of this very project. Raises: Http404."""
    found = Snapshot.objects.select_related("project", "created_by").filter(project=project, pk=pk).first()
    if found is None:
        raise Http404
    return found
