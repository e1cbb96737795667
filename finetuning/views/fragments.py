"""What was made of a project's data, inside labeling's pages. For managers, engineers and owners only."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from finetuning.lineage import downstream_of
from labeling.models import Person, Project
from labeling.views.access import login_required


@login_required
@require_GET
def project_lineage(request: HttpRequest, slug: str) -> HttpResponse:
    """The reward models and policies that come from a project's snapshots; `affected` names snapshots in question."""
    project = get_object_or_404(Project, slug=slug)
    person: Person = request.user  # type: ignore[assignment]
    if not (person.is_engineer or person.manages(project.slug)):
        raise Http404
    affected = [_uuid(name) for name in request.GET.getlist("affected")]
    context = {
        "downstream": downstream_of(project, person, affected),
        "asks": bool(affected),
        "may_see_policies": person.is_engineer,
    }
    return render(request, "finetuning/_project_lineage.html", context)


def _uuid(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        raise Http404 from None
