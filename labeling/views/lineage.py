"""Where a project's data went: judgments into snapshots, and from there into models."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from labeling.models import Project
from labeling.services.snapshots import lineage_of
from labeling.views.access import project_view
from labeling.views.datasets import DATA_ROLES


@project_view(*DATA_ROLES)
@require_GET
def lineage(request: HttpRequest, project: Project) -> HttpResponse:
    """Show snapshots and their annotators; another app brings what was trained on them as a fragment."""
    found = lineage_of(project, without=request.GET.get("without", ""))
    affected = urlencode([("affected", str(source.snapshot.pk)) for source in found.affected])
    context = {"project": project, "lineage": found, "affected": affected}
    return render(request, "labeling/lineage.html", context)
