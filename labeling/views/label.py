"""The workbench: one comparison after another, by plain forms or by a browser that keeps a few ready (reserve.py)."""

from functools import wraps
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from labeling.answers import Answer, answer_from_form, answer_from_judgment, verdict_of
from labeling.errors import AssignmentClosed, InvalidVerdict, LabelingError, NothingToUndo, VerdictConflict
from labeling.models import Assignment, GuidelineVersion, Project
from labeling.overviews import median_dwell_seconds
from labeling.queries import done_today, get_assignment_for, progress_of
from labeling.rendering import render_markdown
from labeling.screens import Screen, build_screen
from labeling.services.assignments import lease_next, reopen_last, skip
from labeling.services.corrections import reopen_if_stored
from labeling.services.judgments import submit_judgment
from labeling.services.nothing import why_nothing
from labeling.services.preferences import workbench_preferences
from labeling.services.qualification import may_judge
from labeling.services.retractions import current_judgment
from labeling.views.access import EVERYBODY, JUDGES, View, project_view


def for_whom_it_was_written(view: View) -> View:
    """Refuse with 412 what a page of somebody else sends: two people may share a browser and its last login.

    The page says in `X-Person` for whom it was rendered, and keeps what was refused until that person is back.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        meant = request.headers.get("X-Person")
        if meant and request.user.is_authenticated and meant != request.user.pseudonym:
            sentence = _("Somebody else is logged in in this browser. Log in as yourself to send what waits.")
            return JsonResponse({"code": "somebody_else", "message": sentence}, status=412)
        return view(request, *args, **kwargs)

    return guarded


@gzip_page
@project_view(*JUDGES)
@require_GET
def workbench(request: HttpRequest, project: Project) -> HttpResponse:
    """Show the comparison to judge next; the one already leased comes back. With `?shell`: the page without one."""
    if "shell" in request.GET:
        return show(request, project, is_shell=True)
    return show_next(request, project)


@for_whom_it_was_written
@project_view(*JUDGES)
@require_POST
def submit(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """Store the verdict and go on. 422 keeps the form and says what is missing; 409 says what happened meanwhile."""
    assignment = assignment_in(request, project, pk)
    shown, instrument = assignment.shown_order, project.instrument
    answer = answer_from_form(request.POST, shown=shown, instrument=instrument)
    try:
        reopen_if_stored(assignment=assignment, client_ids=request.POST.getlist("corrects"))
        verdict = verdict_of(answer, shown=shown, instrument=instrument)
        submit_judgment(assignment=assignment, verdict=verdict, client_id=UUID(answer.client_id))
    except InvalidVerdict as problem:
        if wants_little(request):
            return say_no(problem)
        return show(request, project, build_screen(assignment, answer, problem), status=problem.status)
    except (AssignmentClosed, VerdictConflict) as problem:
        return moved_on(request, project, problem)
    return go_on(request, project)


@for_whom_it_was_written
@project_view(*JUDGES)
@require_POST
def skip_comparison(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """Leave this comparison to others, with a reason."""
    assignment = assignment_in(request, project, pk)
    reason = " · ".join(part for part in (request.POST.get("why", ""), request.POST.get("note", "").strip()) if part)
    try:
        skip(assignment=assignment, reason=reason or _("no reason given"))
    except AssignmentClosed as problem:
        return moved_on(request, project, problem)
    return go_on(request, project)


@for_whom_it_was_written
@project_view(*JUDGES)
@require_POST
def undo(request: HttpRequest, project: Project) -> HttpResponse:
    """Bring the last judged comparison back with its answer filled in."""
    try:
        reopen_last(project=project, annotator=request.user)  # type: ignore[arg-type]
    except NothingToUndo as problem:
        return moved_on(request, project, problem)
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


def wants_little(request: HttpRequest) -> bool:
    """Whether a script in the background asks, which needs to know what came of it and no page."""
    return request.headers.get("Prefer") == "return=minimal"


def say_no(problem: LabelingError) -> HttpResponse:
    """The refusal for a script: its code and its sentence."""
    return JsonResponse({"code": problem.code, "message": str(problem)}, status=problem.status)


def moved_on(request: HttpRequest, project: Project, problem: LabelingError) -> HttpResponse:
    """Things went otherwise meanwhile: say how, and lead on."""
    if wants_little(request):
        return say_no(problem)
    return show(request, project, moved_on=str(problem), status=problem.status)


def go_on(request: HttpRequest, project: Project) -> HttpResponse:
    """After something was stored: the day's count for a script, the next comparison for htmx, 303 for a plain form."""
    if wants_little(request):
        return JsonResponse({"done_today": done_today(project, request.user)})  # type: ignore[arg-type]
    if request.htmx:  # type: ignore[attr-defined]
        return show_next(request, project)
    response = redirect("labeling-workbench", slug=project.slug)
    response.status_code = 303
    return response


def show_next(request: HttpRequest, project: Project) -> HttpResponse:
    """Lease and show."""
    leased = lease_next(project=project, annotator=request.user)  # type: ignore[arg-type]
    if leased is None and not may_judge(project, request.user).is_open:  # type: ignore[arg-type]
        return to_start(request, project)
    if leased is None:
        return show(request, project)
    return show(request, project, screen_of(get_assignment_for(request.user, leased.pk)))  # type: ignore[arg-type]


def to_start(request: HttpRequest, project: Project) -> HttpResponse:
    """Something comes before judging, perhaps only now: new guidelines to accept, practice, an exam."""
    start = reverse("labeling-start", args=[project.slug])
    by_script = request.htmx or request.headers.get("X-Person")  # type: ignore[attr-defined]
    return HttpResponseClientRedirect(start) if by_script else redirect(start)


def screen_of(assignment: Assignment) -> Screen:
    """What is shown of a lease; one that was reopened carries the answer that stands."""
    standing = current_judgment(assignment=assignment) if assignment.is_reopened else None
    if standing is None:
        return build_screen(assignment, Answer())
    instrument = assignment.project.instrument
    return build_screen(assignment, answer_from_judgment(standing, shown=assignment.shown_order, instrument=instrument))


def show(
    request: HttpRequest,
    project: Project,
    screen: Screen | None = None,
    *,
    moved_on: str = "",
    is_shell: bool = False,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or for htmx the fragment inside it."""
    context = workbench_context(request, project) | {"screen": screen, "moved_on": moved_on, "is_shell": is_shell}
    context["version"] = screen.assignment.guideline_version if screen else project.guideline_versions.first()
    context["preferences"] = workbench_preferences(request.user)  # type: ignore[arg-type]
    if screen is None and not moved_on and not is_shell:
        context["nothing"] = why_nothing(project, request.user)  # type: ignore[arg-type]
    template = "labeling/_workbench.html" if request.htmx else "labeling/workbench.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


def workbench_context(request: HttpRequest, project: Project) -> dict[str, Any]:
    """What the workbench says besides the comparison: how far this person is."""
    return {
        "project": project,
        "progress": progress_of(project, request.user),  # type: ignore[arg-type]
        "median_seconds": median_dwell_seconds(project, request.user),  # type: ignore[arg-type]
    }
