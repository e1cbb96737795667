"""A project's settings, for those who manage it: what is asked, the queue, joining, its name, and its end."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from labeling.errors import InvalidProject
from labeling.instrument_form import InstrumentForm, fields_of
from labeling.models import Judgment, Project
from labeling.presets import PRESETS
from labeling.services.instruments import update_instrument
from labeling.services.projects import update_project
from labeling.settings_forms import SECTIONS, SectionForm
from labeling.views.access import project_view
from labeling.views.previews import preview_of, show_preview
from labeling.views.projects import refuse

INSTRUMENT = "instrument"


@project_view("manager")
@require_http_methods(["GET", "POST"])
def project_settings(request: HttpRequest, project: Project) -> HttpResponse:
    """Show every section; a post changes the one it names."""
    if request.method == "GET":
        return show(request, project, InstrumentForm(instrument=beginning_of(request, project)))
    section = request.POST.get("section", INSTRUMENT)
    if section == INSTRUMENT:
        return change_instrument(request, project)
    form = next((form for form in SECTIONS if form.section == section), SECTIONS[0])(request.POST, project=project)
    if form.is_valid():
        try:
            update_project(project=project, **form.changes())
        except InvalidProject as problem:
            project.refresh_from_db()
            refuse(problem, form)
        else:
            return saved(request, project, form.section)
    return show(request, project, InstrumentForm(instrument=fields_of(project.instrument)), form, status=422)


def change_instrument(request: HttpRequest, project: Project) -> HttpResponse:
    asked = InstrumentForm(request.POST, instrument=fields_of(project.instrument))
    if asked.is_valid():
        try:
            update_instrument(project=project, **asked.instrument())
        except InvalidProject as problem:
            refuse(problem, asked)
        else:
            return saved(request, project, INSTRUMENT)
    return show(request, project, asked, status=422)


@project_view("manager")
@require_POST
def preview(request: HttpRequest, project: Project) -> HttpResponse:
    """Show what the instrument would look like; nothing is stored."""
    asked = InstrumentForm(request.POST, instrument=fields_of(project.instrument))
    if request.htmx:  # type: ignore[attr-defined]
        return show_preview(request, asked, project)
    asked.is_valid()
    return show(request, project, asked)


@project_view("manager")
@require_POST
def archive(request: HttpRequest, project: Project) -> HttpResponse:
    """Put a project away: nobody sees it any more, nothing of it is deleted."""
    update_project(project=project, is_archived=True)
    messages.success(request, _("“%(project)s” is archived. An owner can bring it back.") % {"project": project.name})
    return redirect("labeling-home")


def beginning_of(request: HttpRequest, project: Project) -> Mapping[str, Any]:
    """What the instrument's form begins with: the preset that was asked for, or what the project asks now."""
    preset = PRESETS.get(request.GET.get("preset", ""))
    return preset.instrument if preset else fields_of(project.instrument)


def saved(request: HttpRequest, project: Project, section: str) -> HttpResponse:
    messages.success(request, _("Saved."))
    response = redirect("labeling-settings", slug=project.slug)
    response["Location"] += f"#{section}"
    return response


def show(
    request: HttpRequest,
    project: Project,
    asked: InstrumentForm,
    refused: SectionForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """The page with every section; `refused` is the one that must be mended."""
    forms = {form.section: form(project=project) for form in SECTIONS}
    if refused is not None:
        forms[refused.section] = refused
    context = {
        "project": project,
        "asked": asked,
        "forms": forms,
        "presets": PRESETS.values(),
        "preset": PRESETS.get(request.GET.get("preset", "")),
        "is_judged": Judgment.objects.filter(project=project).exists(),
        **preview_of(asked, project),
    }
    return render(request, "labeling/settings.html", context, status=status)
