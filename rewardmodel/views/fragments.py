"""Rewards inside labeling's pages. For managers, engineers and owners only: a reward must not influence a judgment."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from labeling.charts import Measure, interval_chart
from labeling.models import Comparison, Person, Project
from labeling.views.access import login_required
from rewardmodel.beside_people import accuracy_beside_agreement
from rewardmodel.queries import champion, rewards_by_policy, scores_of_comparison, unscored_responses


@login_required
@require_GET
def project_scores(request: HttpRequest, slug: str) -> HttpResponse:
    """Mean reward of each policy in a project, by the champion."""
    project = get_object_or_404(Project, slug=slug)
    _require_overseer(request, project)
    model = champion()
    context = {
        "model": model,
        "policies": rewards_by_policy(project, model) if model else [],
        "unscored": unscored_responses(model, project).count() if model else 0,
    }
    return render(request, "rewardmodel/_project_scores.html", context)


@login_required
@require_GET
def project_agreement(request: HttpRequest, slug: str) -> HttpResponse:
    """How far people agree and how often the champion is right, on the same comparisons of a project."""
    project = get_object_or_404(Project, slug=slug)
    _require_overseer(request, project)
    model = champion()
    found = accuracy_beside_agreement(project, model) if model else None
    context: dict[str, object] = {"model": model}
    if model and found:
        sides = ((_("two people"), found.people), (_("the model and one of them"), found.model))
        measures = [Measure(name, one.share, one.low, one.high, f"n = {one.n:,}") for name, one in sides]
        context["chart"] = interval_chart(measures, least=0.0, most=1.0, reference=0.5)
        context["is_own"] = model.snapshot is not None and model.snapshot.project_id == project.pk
    return render(request, "rewardmodel/_project_agreement.html", context)


@login_required
@require_GET
def comparison_scores(request: HttpRequest, pk: int) -> HttpResponse:
    """The champion's rewards for the responses of one comparison, highest first."""
    comparison = get_object_or_404(Comparison.objects.select_related("project"), pk=pk)
    _require_overseer(request, comparison.project)
    model = champion()
    scores = scores_of_comparison(comparison, model) if model else []
    return render(request, "rewardmodel/_comparison_scores.html", {"model": model, "scores": scores})


def _require_overseer(request: HttpRequest, project: Project) -> None:
    person: Person = request.user  # type: ignore[assignment]
    if not (person.is_engineer or person.manages(project.slug)):
        raise Http404
