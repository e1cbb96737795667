"""A project's data: files that came in, and the page that shows them beside what was frozen."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.api.imports import FORM_BYTES
from labeling.dataset_forms import ImportForm
from labeling.downloads import rejected_file
from labeling.errors import UploadTooLarge
from labeling.models import ImportBatch, Project, Snapshot
from labeling.queries import progress_of_project
from labeling.services.imports import rejected_path
from labeling.services.rejects import read_rejects
from labeling.services.snapshots import Preview
from labeling.services.uploads import check_upload_size, queue_fetched_import, queue_sent_import
from labeling.snapshot_form import SnapshotForm
from labeling.views.access import project_view
from runs.models import Run
from runs.tasks import execute_run

DATA_ROLES = ("manager", "engineer")
SHOWN = 20
SHOWN_REJECTS = 200
IMPORT_OPTIONS = ("format", "mapping", "people_judge_again", "all_or_nothing")


@project_view(*DATA_ROLES)
@require_GET
def datasets(request: HttpRequest, project: Project) -> HttpResponse:
    """Imports and snapshots, newest first, with the forms to make more."""
    return show(request, project)


@project_view(*DATA_ROLES)
@require_GET
def imports(request: HttpRequest, project: Project) -> HttpResponse:
    """The table of imports alone, asked for again while one of them is still reading."""
    return render(request, "labeling/_imports.html", {"project": project, **recent_imports(project)})


@project_view(*DATA_ROLES)
@require_POST
def send(request: HttpRequest, project: Project) -> HttpResponse:
    """Take a file in and queue its import."""
    try:
        check_upload_size(int(request.META.get("CONTENT_LENGTH") or 0) - FORM_BYTES)  # before the body is read
        form = ImportForm(request.POST, request.FILES)
        if not form.is_valid():
            return show(request, project, import_form=form, status=422)
        options: dict[str, Any] = {name: form.cleaned_data[name] for name in IMPORT_OPTIONS}
        options |= {"project": project, "created_by": request.user}
        if source := form.cleaned_data["source"]:
            batch, said = queue_fetched_import(source=source, **options), _("It is being fetched and read.")
        else:
            file = form.cleaned_data["file"]
            batch = queue_sent_import(file.chunks(), file_name=file.name, **options)
            said = _("The file is here; its rows are being read.")
    except UploadTooLarge as problem:
        form = ImportForm()
        messages.error(request, str(problem))
        return show(request, project, import_form=form, status=problem.status)
    execute_run.delay_on_commit(str(batch.run_id))
    messages.success(request, said)
    return redirect("labeling-datasets", slug=project.slug)


@project_view(*DATA_ROLES)
@require_GET
def one_import(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """One import: its counts, and the rows it could not take with what to mend."""
    batch = batch_in(project, pk)
    rejects = list(read_rejects(rejected_path(batch), limit=SHOWN_REJECTS))
    context = {"project": project, "batch": batch, "run": batch.run, "rejects": rejects}
    return render(request, "labeling/import.html", context)


@project_view(*DATA_ROLES)
@require_GET
def rejected(request: HttpRequest, project: Project, pk: UUID) -> FileResponse:
    """Every rejected row, as JSONL."""
    return rejected_file(batch_in(project, pk))


def show(
    request: HttpRequest,
    project: Project,
    *,
    import_form: ImportForm | None = None,
    snapshot_form: SnapshotForm | None = None,
    preview: Preview | None = None,
    status: int = 200,
) -> HttpResponse:
    """The data page, with forms as they were sent if they could not be taken."""
    context = {
        "project": project,
        "progress": progress_of_project(project),
        "import_form": import_form or ImportForm(),
        "snapshot_form": snapshot_form or SnapshotForm(),
        "preview": preview,
        "snapshots": Snapshot.objects.filter(project=project).select_related("created_by")[:SHOWN],
        "freezing": Run.objects.filter(kind="snapshot", scope=project.slug, state__in=["queued", "running"]),
        **recent_imports(project),
    }
    return render(request, "labeling/datasets.html", context, status=status)


def recent_imports(project: Project) -> dict[str, object]:
    """The last imports, and whether one of them has not ended."""
    batches: QuerySet[ImportBatch] = ImportBatch.objects.filter(project=project).select_related("run")[:SHOWN]
    return {"batches": batches, "is_reading": any(batch.run and not batch.run.is_finished for batch in batches)}


def batch_in(project: Project, pk: UUID) -> ImportBatch:
    """An import of this very project. Raises: Http404."""
    batch = ImportBatch.objects.select_related("run").filter(project=project, run_id=pk).first()
    if batch is None:
        raise Http404
    return batch
