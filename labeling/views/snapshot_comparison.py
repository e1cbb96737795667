"""Two snapshots of a project side by side."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from labeling.errors import SnapshotFileMissing
from labeling.models import Project, Snapshot
from labeling.services.snapshots import comparison_of, comparison_runs, queue_comparison
from labeling.snapshot_words import in_words
from labeling.views.access import project_view
from labeling.views.datasets import DATA_ROLES
from runs.models import Run
from runs.tasks import execute_run

CHOSEN_FROM = 100
ASKED = ("filters", "rules", "split")


@project_view(*DATA_ROLES)
@require_http_methods(["GET", "POST"])
def compare(request: HttpRequest, project: Project) -> HttpResponse:
    """GET: how two snapshots differ, if that is known or quickly found. POST: let a run find it."""
    asked = request.POST if request.method == "POST" else request.GET
    first, second = (_chosen(project, asked.get(name, "")) for name in ("first", "second"))
    context: dict[str, Any] = {
        "project": project,
        "snapshots": Snapshot.objects.filter(project=project)[:CHOSEN_FROM],
        "first": first,
        "second": second,
    }
    if first is None or second is None:
        return render(request, "labeling/snapshot_compare.html", context)
    if request.method == "POST":
        run = queue_comparison(first, second, created_by=request.user)  # type: ignore[arg-type]
        execute_run.delay_on_commit(str(run.pk))
        query = f"first={first.pk}&second={second.pk}"
        return redirect(f"{reverse('labeling-snapshot-compare', args=[project.slug])}?{query}")
    try:
        context["found"] = comparison_of(first, second)
    except SnapshotFileMissing as problem:
        context["problem"] = str(problem)
    if found := context.get("found"):
        pairs = [pair for part in ASKED for pair in found[part].items()]
        context["asked"] = [(name.replace("_", " "), in_words(one), in_words(other)) for name, (one, other) in pairs]
        for one in found["listed"]:
            one["what"] = [what.replace("_", " ") for what in one["what"]]
    unfinished = comparison_runs(first, second).filter(state__in=[Run.State.QUEUED, Run.State.RUNNING])
    context["run"] = None if context.get("found") else unfinished.first()
    return render(request, "labeling/snapshot_compare.html", context)


def _chosen(project: Project, name: str) -> Snapshot | None:
    """The snapshot of this project that an address names; None for none. Raises: Http404."""
    if not name:
        return None
    try:
        found = Snapshot.objects.select_related("project").filter(project=project, pk=UUID(name)).first()
    except ValueError:
        found = None
    if found is None:
        raise Http404
    return found
