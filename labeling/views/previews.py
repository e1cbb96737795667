"""What annotators will see of an instrument that is being set up: the workbench's own form, inert."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from labeling.errors import InvalidProject
from labeling.instrument_form import InstrumentForm
from labeling.models import Instrument, Project
from labeling.queries import AnnotatorProgress
from labeling.samples import sample_screen
from labeling.services.instruments import check_instrument

NO_PROJECT = "preview"


def preview_of(asked: InstrumentForm, project: Project | None = None) -> dict[str, Any]:
    """The preview's context: the screen that the form asks for, or None with why there is none."""
    project = project or Project(slug=NO_PROJECT, name="")
    nobody = AnnotatorProgress(done_today=0, has_done=False, quota=None)
    context: dict[str, Any] = {"preview_project": project, "preview_progress": nobody}
    if not asked.is_bound:
        asked = InstrumentForm(_as_data(asked))
    if not asked.is_valid():
        return context | {"preview": None}
    instrument = Instrument(**asked.instrument())
    try:
        check_instrument(instrument)
    except InvalidProject as problem:
        return context | {"preview": None, "preview_problem": str(problem)}
    return context | {"preview": sample_screen(instrument, project)}


def show_preview(request: HttpRequest, asked: InstrumentForm, project: Project | None = None) -> HttpResponse:
    """The preview alone, for htmx."""
    return render(request, "labeling/_instrument_preview.html", preview_of(asked, project))


def _as_data(asked: InstrumentForm) -> dict[str, Any]:
    """What a form would send if it were submitted as it stands."""
    fields = [*asked, *asked.attributes.management_form, *(field for row in asked.attributes for field in row)]
    given = ((field.html_name, field.value()) for field in fields)
    return {name: value for name, value in given if value is not None and value is not False and value != ""}
