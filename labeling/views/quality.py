"""How good a project's judgments are, and, for managers, those of one annotator."""

from collections.abc import Callable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.errors import NotMeasured
from labeling.models import Person, Project, QualityReport
from labeling.quality.angles import angle_named, angles, annotator_chart
from labeling.quality.annotator_page import annotator_page
from labeling.quality.page import quality_page
from labeling.quality.words import source_names
from labeling.services.quality import (
    OTHER_SOURCES,
    compute_report,
    get_report,
    is_small,
    newer_judgments,
    queue_report,
    run_under_way,
    sources_with,
    stored_report,
)
from labeling.views.access import OVERSEERS, project_view
from runs.tasks import execute_run


@project_view(*OVERSEERS)
@require_GET
def quality(request: HttpRequest, project: Project) -> HttpResponse:
    """What was measured last of a project's judgments: agreement, known answers, biases, annotators."""
    sources = sources_with(request.GET.getlist("with"))
    context = {
        "project": project,
        "may_see_people": request.role == "manager",  # type: ignore[attr-defined]
        "may_see_rewards": request.role in ("manager", "engineer"),  # type: ignore[attr-defined]
        "sources": [source_names()[source] for source in sources],
        "others": [(source, source_names()[source], source in sources) for source in OTHER_SOURCES],
        "with": sources[1:],
        "run": run_under_way(project, sources),
    }
    try:
        report = get_report(project, sources)
    except NotMeasured:
        return render(request, "labeling/quality.html", context)
    angle = angle_named(request.GET.get("by", ""))
    called, leads = naming(project, report, may_see_people=bool(context["may_see_people"]))
    context |= {
        "report": report,
        "newer": newer_judgments(report),
        "page": quality_page(report, called),
        "angle": angle,
        "angles": angles(),
        "people": annotator_chart(report.annotators, angle, called, leads),
        "query": urlencode([("with", source) for source in sources[1:]]),
    }
    return render(request, "labeling/quality.html", context)


@project_view(*OVERSEERS)
@require_POST
def compute(request: HttpRequest, project: Project) -> HttpResponse:
    """Measure anew, at once or, for a large project, as a run."""
    sources = sources_with(request.POST.getlist("with"))
    if is_small(project):
        compute_report(project=project, sources=sources)
        messages.success(request, _("Measured just now."))
    else:
        run = queue_report(project=project, sources=sources, created_by=request.user)  # type: ignore[arg-type]
        execute_run.delay_on_commit(str(run.pk))
        messages.success(request, _("The project is large; it is being measured, and the figures will appear here."))
    query = urlencode([("with", source) for source in sources[1:]])
    return redirect(f"{reverse('labeling-quality', args=[project.slug])}{'?' if query else ''}{query}")


@project_view("manager")
@require_GET
def annotator(request: HttpRequest, project: Project, pk: int) -> HttpResponse:
    """One annotator: what was measured of their judgments, how that went over time, and what they judged last."""
    person = Person.objects.filter(pk=pk, judgments__project=project).distinct().first()
    if person is None:
        raise Http404
    report = stored_report(project, sources_with([person.kind]))
    context = {"project": project, "person": person, "report": report, **annotator_page(project, person, report)}
    return render(request, "labeling/quality_annotator.html", context)


def naming(
    project: Project, report: QualityReport, *, may_see_people: bool
) -> tuple[Callable[[str], str], Callable[[str], str]]:
    """What a pseudonym is called, and where it leads: for managers the name and the annotator's page."""
    if not may_see_people:
        return (lambda pseudonym: pseudonym), (lambda _pseudonym: "")
    people = {one.pseudonym: one for one in Person.objects.filter(pseudonym__in=list(report.annotators))}

    def called(pseudonym: str) -> str:
        return people[pseudonym].display_name if pseudonym in people else pseudonym

    def leads(pseudonym: str) -> str:
        if pseudonym not in people:
            return ""
        return reverse("labeling-quality-annotator", args=[project.slug, people[pseudonym].pk])

    return called, leads
