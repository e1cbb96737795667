"""One comparison as it stands: for those who may see policies and other people's answers."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from labeling.models import Comparison, Project
from labeling.reviewing import sheet_of
from labeling.views.access import OVERSEERS, project_view


@project_view(*OVERSEERS)
@require_GET
def comparison(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """Show prompt, responses with their policies, judgments and reviews; another app brings rewards as a fragment."""
    found = Comparison.objects.select_related("prompt", "project").filter(project=project, pk=pk).first()
    if found is None:
        raise Http404
    role = request.role  # type: ignore[attr-defined]
    context = {
        "project": project,
        "comparison": found,
        "sheet": sheet_of(found),
        "may_see_names": role == "manager",
        "may_see_rewards": role in ("manager", "engineer"),
        "may_review": role in ("reviewer", "manager"),
    }
    return render(request, "labeling/comparison.html", context)
