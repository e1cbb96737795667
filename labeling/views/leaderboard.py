"""Which policy people prefer, for managers and engineers: nobody who judges learns it here."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from labeling import leaderboard_page as page
from labeling.errors import InvalidLeaderboard, NotMeasured
from labeling.leaderboard_form import LeaderboardForm
from labeling.leaderboard_table import leaderboard_csv
from labeling.models import LeaderboardReport, Project
from labeling.services.leaderboard import (
    LeaderboardRequest,
    get_leaderboard,
    is_small,
    newer_judgments,
    queue_leaderboard,
    run_under_way,
)
from labeling.views.access import project_view
from runs.tasks import execute_run

DATA_ROLES = ("manager", "engineer")
FILTERS = ("topic", "domain", "language", "since", "until", "annotators", "exclude_annotators")


@project_view(*DATA_ROLES)
@require_GET
def leaderboard(request: HttpRequest, project: Project) -> HttpResponse:
    """The project's policies in order of strength; of a large project as a run has last computed it."""
    form, asked = _asked(request.GET)
    is_filtered = any(request.GET.get(name) for name in FILTERS)
    sent = request.GET.items()
    context: dict[str, Any] = {"project": project, "form": form, "sent": sent, "is_filtered": is_filtered}
    if asked is None:
        return render(request, "labeling/leaderboard.html", context, status=422)
    if not is_small(project):
        context |= {"is_large": True, "run": run_under_way(project, asked)}
    try:
        report = get_leaderboard(project, asked)
    except NotMeasured:
        return render(request, "labeling/leaderboard.html", context)
    return render(request, "labeling/leaderboard.html", context | _shown(project, report))


@project_view(*DATA_ROLES)
@require_POST
def compute(request: HttpRequest, project: Project) -> HttpResponse:
    """Have the leaderboard of a large project computed in a run."""
    form, asked = _asked(request.POST)
    if asked is None:
        return render(request, "labeling/leaderboard.html", {"project": project, "form": form}, status=422)
    run = queue_leaderboard(project=project, request=asked, created_by=request.user)  # type: ignore[arg-type]
    execute_run.delay_on_commit(str(run.pk))
    messages.success(request, _("The leaderboard is being computed; it will appear here."))
    query = request.POST.copy()
    query.pop("csrfmiddlewaretoken", None)
    return redirect(f"{reverse('labeling-leaderboard', args=[project.slug])}?{query.urlencode()}")


@project_view(*DATA_ROLES)
@require_GET
def download(request: HttpRequest, project: Project) -> HttpResponse:
    """The table as CSV."""
    form, asked = _asked(request.GET)
    try:
        if asked is None:
            return render(request, "labeling/leaderboard.html", {"project": project, "form": form}, status=422)
        table = leaderboard_csv(get_leaderboard(project, asked))
    except NotMeasured as problem:
        messages.error(request, str(problem))
        return redirect(f"{reverse('labeling-leaderboard', args=[project.slug])}?{request.GET.urlencode()}")
    headers = {"Content-Disposition": f'attachment; filename="{project.slug}-leaderboard.csv"'}
    return HttpResponse(table, content_type="text/csv; charset=utf-8", headers=headers)


def _asked(sent: Any) -> tuple[LeaderboardForm, LeaderboardRequest | None]:
    """The form as it was sent, and what it asks for; None if it cannot be read."""
    form = LeaderboardForm(sent)
    if not form.is_valid():
        return form, None
    try:
        return form, form.request()
    except InvalidLeaderboard as problem:
        form.add_error(None, str(problem))
        return form, None


def _shown(project: Project, report: LeaderboardReport) -> dict[str, Any]:
    judged, expected = page.matrices_of(report)
    return {
        "report": report,
        "board": report.result,
        "newer": newer_judgments(report) if report.pk else 0,
        "left_out_total": sum(report.result["left_out"].values()),
        "groups": page.groups_of(report),
        "judged": judged,
        "expected": expected,
        "notes": page.notes_of(report),
        "style_chart": page.style_chart(report),
        "has_circles": len(report.result["standings"]) > 2 or report.result["annotators"],
        "circles": page.circles_note(report),
        "cycles": page.cycle_lines(report),
        "annotators": page.annotator_lines(report),
        "hidden_policies": max(0, len(report.result["standings"]) - len(judged)),
    }
