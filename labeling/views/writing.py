"""What an annotator writes, shown as it will be read."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from labeling.models import Project
from labeling.rendering import language_of, render_markdown
from labeling.verdicts import MAX_WRITTEN_CHARACTERS, plain_text
from labeling.views.access import JUDGES, project_view


@project_view(*JUDGES)
@require_POST
def preview(request: HttpRequest, project: Project) -> HttpResponse:
    """Render the Markdown of a demonstration that is being written; nothing is stored."""
    text = plain_text(request.POST.get("text", ""))[:MAX_WRITTEN_CHARACTERS]
    context = {"html": render_markdown(text), "language": language_of(text)}
    return render(request, "labeling/_writing_preview.html", context)
