"""The way from joining a project to judging in it, one step after another."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.query_strings import number_in
from labeling.answers import Answer, answer_from_form, answer_from_judgment, verdict_of
from labeling.differences import differences
from labeling.errors import AssignmentClosed, InvalidVerdict, LabelingError, StepMovedOn, VerdictConflict
from labeling.gold_lines import in_letters
from labeling.models import Assignment, Person, Project, Purpose, Qualification
from labeling.queries import get_assignment_for
from labeling.rendering import render_markdown
from labeling.screens import Screen, build_screen
from labeling.services.preferences import workbench_preferences
from labeling.services.qualification import (
    Gate,
    Step,
    accept_guidelines,
    accept_warning,
    answer_step,
    exam_progress,
    has_warning,
    last_accepted,
    lease_step,
    may_judge,
    practice_progress,
    warning_digest,
)
from labeling.services.retractions import current_judgment
from labeling.stats.gold import agrees_with_gold
from labeling.views.access import JUDGES, project_view

TRIALS = (Purpose.PRACTICE, Purpose.EXAM)


@never_cache
@project_view(*JUDGES)
@require_GET
def start(request: HttpRequest, project: Project) -> HttpResponse:
    """Show the step that comes next; when there is none, what was passed and the way to the first comparison."""
    gate = may_judge(project, request.user)
    pages = {
        Step.ACCEPT_WARNING: show_warning,
        Step.ACCEPT_GUIDELINES: show_guidelines,
        Step.PRACTICE: show_practice,
        Step.EXAM: show_exam,
    }
    return pages.get(gate.step, show_outcome)(request, project, gate)


@project_view(*JUDGES)
@require_POST
def warning(request: HttpRequest, project: Project) -> HttpResponse:
    """Keep that the warning was read, and which topics are declined."""
    try:
        accept_warning(
            project=project,
            person=request.user,
            digest=request.POST.get("digest", ""),
            declined_topics=request.POST.getlist("declined"),
        )
    except StepMovedOn as problem:
        messages.error(request, str(problem))
    return redirect("labeling-start", slug=project.slug)


@project_view(*JUDGES)
@require_POST
def guidelines(request: HttpRequest, project: Project) -> HttpResponse:
    """Keep that the guidelines were accepted, if they are still those that were shown."""
    number = request.POST.get("number", "")
    try:
        accept_guidelines(project=project, person=request.user, number=number_in(number) or 0)
    except StepMovedOn as problem:
        messages.error(request, str(problem))
    return redirect("labeling-start", slug=project.slug)


@project_view(*JUDGES)
@require_POST
def begin_exam(request: HttpRequest, project: Project) -> HttpResponse:
    """Lease the first comparison of the exam; from here on the start page shows it."""
    try:
        lease_step(project=project, person=request.user)
    except LabelingError as problem:
        messages.error(request, str(problem))
    return redirect("labeling-start", slug=project.slug)


@never_cache
@project_view(*JUDGES)
@require_http_methods(["GET", "POST"])
def answer(request: HttpRequest, project: Project, pk: UUID) -> HttpResponse:
    """Store the answer to a practice or exam comparison; a GET shows what was expected of a practice answer."""
    assignment = get_assignment_for(request.user, pk)
    if assignment.project_id != project.pk or assignment.purpose not in TRIALS:
        raise Http404
    if request.method == "GET":
        return show_expected(request, project, assignment)
    shown, instrument = assignment.shown_order, project.instrument
    said = answer_from_form(request.POST, shown=shown, instrument=instrument)
    try:
        verdict = verdict_of(said, shown=shown, instrument=instrument)
        answer_step(assignment=assignment, verdict=verdict, client_id=UUID(said.client_id))
    except InvalidVerdict as problem:
        return show_screen(request, project, build_screen(assignment, said, problem), status=problem.status)
    except (AssignmentClosed, VerdictConflict) as problem:
        messages.error(request, str(problem))
        return redirect("labeling-start", slug=project.slug)
    if assignment.purpose == Purpose.PRACTICE:
        return redirect("labeling-start-answer", slug=project.slug, pk=pk)
    return redirect("labeling-start", slug=project.slug)


def show_warning(request: HttpRequest, project: Project, gate: Gate) -> HttpResponse:
    declined = request.user.memberships.filter(project=project).values_list("declined_topics", flat=True).first()
    context = {"digest": warning_digest(project), "declined": declined or []}
    return render(request, "labeling/start_warning.html", page(project, gate) | context)


def show_guidelines(request: HttpRequest, project: Project, gate: Gate) -> HttpResponse:
    """The guidelines in force; to somebody who accepted earlier ones, what has changed since."""
    version, before = project.guideline_versions.first(), last_accepted(project, request.user)
    context = {
        "version": version,
        "text": render_markdown(version.text, keeps_lines=False) if version else "",
        "before": before,
        "pieces": differences(before.text, version.text) if before and version else [],
    }
    return render(request, "labeling/start_guidelines.html", page(project, gate) | context)


def show_practice(request: HttpRequest, project: Project, gate: Gate) -> HttpResponse:
    return show_leased(request, project)


def show_exam(request: HttpRequest, project: Project, gate: Gate) -> HttpResponse:
    """Say what the exam is before it begins; then its comparisons."""
    person: Person = request.user  # type: ignore[assignment]
    done, total = exam_progress(project, person)
    held = Assignment.objects.filter(
        project=project, annotator=person, purpose=Purpose.EXAM, state=Assignment.State.OPEN
    )
    if done or held.exists():
        return show_leased(request, project)
    context = {"total": total, "wanted_percent": round(100 * (project.exam_pass_share or 0))}
    return render(request, "labeling/start_exam.html", page(project, gate) | context)


def show_leased(request: HttpRequest, project: Project) -> HttpResponse:
    try:
        leased = lease_step(project=project, person=request.user)
    except LabelingError:
        return redirect("labeling-start", slug=project.slug)
    return show_screen(request, project, build_screen(get_assignment_for(request.user, leased.pk), Answer()))


def show_screen(request: HttpRequest, project: Project, screen: Screen, *, status: int = 200) -> HttpResponse:
    """A practice or exam comparison as the workbench shows it."""
    is_practice = screen.assignment.purpose == Purpose.PRACTICE
    done, total = (practice_progress if is_practice else exam_progress)(project, request.user)
    context = {
        "project": project,
        "screen": screen,
        "trial": screen.assignment.purpose,
        "number": min(done + 1, total),
        "total": total,
        "preferences": workbench_preferences(request.user),
    }
    return render(request, "labeling/start_comparison.html", context, status=status)


def show_expected(request: HttpRequest, project: Project, assignment: Assignment) -> HttpResponse:
    """After a practice answer: what was expected, and why. An exam shows nothing. Raises: Http404 before the answer."""
    judgment = current_judgment(assignment=assignment)
    gold = getattr(assignment.comparison, "gold_answer", None)
    if assignment.purpose != Purpose.PRACTICE or judgment is None:
        raise Http404
    shown, instrument = assignment.shown_order, project.instrument
    done, total = practice_progress(project, request.user)
    context = {
        "project": project,
        "screen": build_screen(assignment, answer_from_judgment(judgment, shown=shown, instrument=instrument)),
        "given": in_letters(judgment.ranking, shown),
        "expected": in_letters(gold.ranking, shown) if gold else "",
        "is_right": gold is not None and agrees_with_gold(judgment.ranking, gold.ranking),
        "explanation": render_markdown(gold.explanation) if gold else "",
        "done": done,
        "total": total,
    }
    return render(request, "labeling/start_expected.html", context)


def show_outcome(request: HttpRequest, project: Project, gate: Gate) -> HttpResponse:
    """Through, or not: the result of the exam and what comes next. Who never had a step goes on to the project."""
    person: Person = request.user  # type: ignore[assignment]
    attempt = Qualification.objects.filter(project=project, person=person).order_by("-attempt").first()
    if gate.is_open and (attempt is None or not attempt.asked) and not has_warning(project):
        return redirect("labeling-project", slug=project.slug)
    wanted = project.exam_pass_share or 0
    context: dict[str, Any] = {
        "attempt": attempt if attempt and attempt.finished_at and attempt.asked else None,
        "wanted_percent": round(100 * wanted),
    }
    return render(request, "labeling/start_outcome.html", page(project, gate) | context)


def page(project: Project, gate: Gate) -> dict[str, Any]:
    """What each step's page says of the way: its steps in order, and which of them is on."""
    steps = [
        (Step.ACCEPT_WARNING, has_warning(project)),
        (Step.ACCEPT_GUIDELINES, project.requires_acceptance),
        (Step.PRACTICE, project.requires_practice),
        (Step.EXAM, project.exam_pass_share is not None),
    ]
    return {"project": project, "gate": gate, "steps": [step.value for step, is_asked in steps if is_asked]}
