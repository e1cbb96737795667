"""A person's projects, one project, and making one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.errors import InvalidProject
from labeling.forms import GuidelinesForm, ProjectForm
from labeling.instrument_form import InstrumentForm
from labeling.models import Person, Project
from labeling.overviews import (
    active_annotators,
    agreement_of,
    project_line,
    recent_comparisons,
    recent_judgments,
    waiting_for,
)
from labeling.presets import PRESETS, Preset
from labeling.queries import progress_of, progress_of_project, projects_visible_to
from labeling.rendering import render_markdown
from labeling.services.projects import create_project, publish_guidelines
from labeling.views.access import EVERYBODY, login_required, project_view, role_of
from labeling.views.previews import preview_of, show_preview


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """My projects, with what waits for me and what needs care."""
    person: Person = request.user  # type: ignore[assignment]
    lines = [
        project_line(project, role_of(person, project), person) for project in projects_visible_to(person).distinct()
    ]
    return render(request, "labeling/home.html", {"lines": lines, "may_create": may_create_projects(person)})


@project_view(*EVERYBODY)
@require_GET
def project(request: HttpRequest, project: Project) -> HttpResponse:
    """For annotators the guidelines and where to start, for the others how the project does."""
    role, person = request.role, request.user  # type: ignore[attr-defined]
    version = project.guideline_versions.first()
    context = {"project": project, "role": role, "version": version, "progress": progress_of_project(project)}
    if role == "annotator":
        context |= {
            "guidelines": render_markdown(version.text, keeps_lines=False) if version else "",
            "waiting": waiting_for(project, person),
            "mine": progress_of(project, person),
        }
        return render(request, "labeling/project_annotator.html", context)
    context |= {
        "agreement": agreement_of(project),
        "active": active_annotators(project),
        "comparisons": recent_comparisons(project),
        "judgments": recent_judgments(project),
        "member_count": project.memberships.count(),
    }
    return render(request, "labeling/project.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Start a project, from a preset if one is named. Owners and engineers may, and managers of another one."""
    person: Person = request.user  # type: ignore[assignment]
    if not may_create_projects(person):
        return render(request, "403.html", status=403)
    preset = PRESETS.get(request.GET.get("preset", ""))
    beginning = {"judgments_per_comparison": preset.judgments_per_comparison} if preset else {}
    form = ProjectForm(request.POST or None, initial=beginning)
    asked = InstrumentForm(request.POST or None, instrument=preset.instrument if preset else None)
    if request.method == "POST" and all([form.is_valid(), asked.is_valid()]):
        try:
            made = create_project(**form.project(), instrument=asked.instrument(), created_by=person)
        except InvalidProject as problem:
            refuse(problem, form, asked)
        else:
            messages.success(request, _("The project stands. Import responses next."))
            return redirect("labeling-project", slug=made.slug)
    return show_new_project(request, form, asked, preset=preset)


@login_required
@require_POST
def preview_new(request: HttpRequest) -> HttpResponse:
    """Show what the instrument of a project that does not exist yet looks like; nothing is stored."""
    if not may_create_projects(request.user):  # type: ignore[arg-type]
        return render(request, "403.html", status=403)
    asked = InstrumentForm(request.POST)
    if request.htmx:  # type: ignore[attr-defined]
        return show_preview(request, asked)
    asked.is_valid()
    return show_new_project(request, ProjectForm(initial=request.POST.dict()), asked, status=200)


def show_new_project(
    request: HttpRequest,
    form: ProjectForm,
    asked: InstrumentForm,
    *,
    preset: Preset | None = None,
    status: int | None = None,
) -> HttpResponse:
    """The page of a new project: presets, names, the instrument beside its preview."""
    context = {"form": form, "asked": asked, "presets": PRESETS.values(), "preset": preset, **preview_of(asked)}
    has_errors = form.errors or asked.errors or any(asked.attributes.errors)
    return render(request, "labeling/project_new.html", context, status=status or (422 if has_errors else 200))


def refuse(problem: InvalidProject, *forms: Any) -> None:
    """Say a service's refusal beside the field it names, in whichever form has it, or above the first."""
    for form in forms:
        for name in problem.fields:
            if name in form.fields:
                form.add_error(name, str(problem))
                return
    forms[0].add_error(None, str(problem))


@project_view("manager")
@require_http_methods(["GET", "POST"])
def edit_guidelines(request: HttpRequest, project: Project) -> HttpResponse:
    """Publish a new wording; what was judged keeps the version it was judged under."""
    version = project.guideline_versions.first()
    form = GuidelinesForm(request.POST or None, initial={"text": version.text if version else ""})
    if request.method == "POST" and form.is_valid():
        published = publish_guidelines(project=project, text=form.cleaned_data["text"])
        messages.success(request, _("Version %(number)d is in force.") % {"number": published.number})
        return redirect("labeling-guidelines", slug=project.slug)
    context = {"project": project, "form": form, "version": version}
    return render(request, "labeling/guidelines_edit.html", context)


def may_create_projects(person: Person) -> bool:
    """Owners, engineers, and whoever manages a project already."""
    return person.is_engineer or person.memberships.filter(role="manager").exists()
