"""The workbench: one comparison after another, by htmx or by plain forms."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling.answers import Answer, answer_from_form, answer_from_judgment, verdict_of
from labeling.errors import AssignmentClosed, InvalidVerdict, NothingToUndo, VerdictConflict
from labeling.models import Assignment, GuidelineVersion, Project
from labeling.overviews import median_dwell_seconds
from labeling.queries import get_assignment_for, progress_of
from labeling.rendering import render_markdown
from labeling.screens import Screen, build_screen
from labeling.services.assignments import lease_next, reopen_last, skip
from labeling.services.judgments import submit_judgment
from labeling.services.retractions import current_judgment
from labeling.views.access import EVERYBODY, JUDGES, project_view


@project_view(*JUDGES)
@require_GET
def workbench(request: HttpRequest, project: Project) -> HttpResponse:
    """Show the comparison to judge next; the one already leased comes back."""
    return show_next(request, project)


@project_view(*JUDGES)
@require_POST
def submit(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """Store the verdict and go on. 422 keeps the form and says what is missing; 409 says what happened meanwhile."""
    assignment = assignment_in(request, project, pk)
    shown, instrument = assignment.shown_order, project.instrument
    answer = answer_from_form(request.POST, shown=shown, instrument=instrument)
    try:
        verdict = verdict_of(answer, shown=shown)
        submit_judgment(assignment=assignment, verdict=verdict, client_id=UUID(answer.client_id))
    except InvalidVerdict as problem:
        return show(request, project, build_screen(assignment, answer, str(problem)), status=problem.status)
    except (AssignmentClosed, VerdictConflict) as problem:
        return show(request, project, moved_on=str(problem), status=problem.status)
    return go_on(request, project)


@project_view(*JUDGES)
@require_POST
def skip_comparison(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """Leave this comparison to others, with a reason."""
    assignment = assignment_in(request, project, pk)
    reason = " · ".join(part for part in (request.POST.get("why", ""), request.POST.get("note", "").strip()) if part)
    try:
        skip(assignment=assignment, reason=reason or _("no reason given"))
    except AssignmentClosed as problem:
        return show(request, project, moved_on=str(problem), status=problem.status)
    return go_on(request, project)


@project_view(*JUDGES)
@require_POST
def undo(request: HttpRequest, project: Project) -> HttpResponse:
    """Bring the last judged comparison back with its answer filled in."""
    try:
        reopen_last(project=project, annotator=request.user)  # type: ignore[arg-type]
    except NothingToUndo as problem:
        return show(request, project, moved_on=str(problem), status=problem.status)
    return go_on(request, project)


@project_view(*EVERYBODY)
@require_GET
def guidelines(request: HttpRequest, project: Project) -> HttpResponse:
    """The guidelines in force, as a page and as the content of the workbench's drawer."""
    versions: QuerySet[GuidelineVersion] = project.guideline_versions.order_by("-number")
    version = versions.first()
    text = render_markdown(version.text, keeps_lines=False) if version else ""
    context = {"project": project, "version": version, "text": text}
    template = "labeling/_guidelines.html" if request.htmx else "labeling/guidelines.html"  # type: ignore[attr-defined]
    return render(request, template, context)


def assignment_in(request: HttpRequest, project: Project, pk: UUID) -> Assignment:
    """This person's assignment in this very project. Raises: Http404."""
    assignment = get_assignment_for(request.user, pk)  # type: ignore[arg-type]
    if assignment.project_id != project.pk:
        raise Http404
    return assignment


def go_on(request: HttpRequest, project: Project) -> HttpResponse:
    """After something was stored: nothing for a retry that only wants it stored, the next comparison for htmx, 303."""
    if request.headers.get("Prefer") == "return=minimal":
        return HttpResponse(status=204)
    if request.htmx:  # type: ignore[attr-defined]
        return show_next(request, project)
    response = redirect("labeling-workbench", slug=project.slug)
    response.status_code = 303
    return response


def show_next(request: HttpRequest, project: Project) -> HttpResponse:
    """Lease and show. A reopened comparison carries the answer that stands."""
    leased = lease_next(project=project, annotator=request.user)  # type: ignore[arg-type]
    if leased is None:
        return show(request, project)
    assignment = get_assignment_for(request.user, leased.pk)  # type: ignore[arg-type]
    standing = current_judgment(assignment=assignment) if assignment.is_reopened else None
    if standing is None:
        return show(request, project, build_screen(assignment, Answer()))
    answer = answer_from_judgment(standing, shown=assignment.shown_order, instrument=project.instrument)
    return show(request, project, build_screen(assignment, answer))


def show(
    request: HttpRequest, project: Project, screen: Screen | None = None, *, moved_on: str = "", status: int = 200
) -> HttpResponse:
    """Render the page, or for htmx the fragment inside it."""
    context = {
        "project": project,
        "screen": screen,
        "moved_on": moved_on,
        "progress": progress_of(project, request.user),  # type: ignore[arg-type]
        "median_seconds": median_dwell_seconds(project, request.user),  # type: ignore[arg-type]
        "version": screen.assignment.guideline_version if screen else project.guideline_versions.first(),
    }
    template = "labeling/_workbench.html" if request.htmx else "labeling/workbench.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)
