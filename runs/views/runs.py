"""The list of runs, and the page of one: state, live curve, log, lineage, and the two buttons."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.query_strings import number_in
from runs.curves import draw, latest_of, metrics_in_order, series_of
from runs.directories import log_tail
from runs.errors import AlreadyFinished, NotResumable
from runs.kinds import all_kinds
from runs.models import Run, RunMetric
from runs.queries import FILTERS, filter_runs, metrics_after, runs_visible_to
from runs.services.queueing import request_cancel, resume_run
from runs.tables import flatten
from runs.tasks import execute_run
from runs.tiles import duration, tiles_for, time_left
from runs.views.access import login_required, run_view

RUNS_ON_A_PAGE = 50
LOG_LINES = 200
FACTS_SHOWN = 8
NEWEST_LINES = 100  # enough to hold the last validation


@require_GET
@login_required
def runs(request: HttpRequest) -> HttpResponse:
    """Every run this person may see, newest first."""
    visible = runs_visible_to(request.user)
    wishes = {name: request.GET.get(name, "") for name in FILTERS}
    page = Paginator(filter_runs(visible, wishes).order_by("-created_at", "pk"), RUNS_ON_A_PAGE).get_page(
        request.GET.get("page")
    )
    kinds = all_kinds()
    context = {
        "page": page,
        "lines": [{"run": run, "kind": _kind_title(run), **_pace(run)} for run in page],
        "wishes": wishes,
        "is_filtered": any(wishes.values()),
        "kinds": [(name, kinds[name].title) for name in sorted(kinds)],
        "states": Run.State.choices,
        "scopes": visible.exclude(scope="").order_by("scope").values_list("scope", flat=True).distinct(),
    }
    return render(request, "runs/runs.html", context)


@require_GET
@run_view
def run(request: HttpRequest, run: Run) -> HttpResponse:
    """One run. Everything is drawn here already; a script only keeps it fresh."""
    search = request.GET.get("q", "")
    context = {
        **_status(run),
        **_chart(run, request.GET.get("metric", "")),
        "facts": _times(run),
        "config_facts": flatten(run.config),
        "result_facts": flatten({name: value for name, value in run.result.items() if name != "url"}),
        "facts_shown": FACTS_SHOWN,
        "lines": log_tail(run, lines=LOG_LINES, search=search),
        "search": search,
    }
    return render(request, "runs/run.html", context)


@require_GET
@run_view
def status(request: HttpRequest, run: Run) -> HttpResponse:
    """The part of the page that changes while a run works; a change of state loads the page anew."""
    response = render(request, "runs/_status.html", _status(run))
    if request.GET.get("state", run.state) != run.state:
        response["HX-Refresh"] = "true"
    return response


@require_GET
@run_view
def log(request: HttpRequest, run: Run) -> HttpResponse:
    """The end of the log, or its last lines that hold `q`."""
    search = request.GET.get("q", "")
    context = {"run": run, "lines": log_tail(run, lines=LOG_LINES, search=search), "search": search}
    return render(request, "runs/_log.html", context)


@require_GET
@run_view
def metrics(request: HttpRequest, run: Run) -> JsonResponse:
    """What the run measured after a line, for the page's script; the API says the same to other programs."""
    after = number_in(request.GET.get("after", "0")) or 0
    rows = metrics_after(run, after)
    return JsonResponse(
        {
            "metrics": [{"sequence": row.sequence, "step": row.step, "values": row.values} for row in rows],
            "next": rows[-1].sequence if rows else after,
            "state": run.state,
        }
    )


@require_POST
@run_view
def cancel(request: HttpRequest, run: Run) -> HttpResponse:
    """Stop the run; asking twice changes nothing."""
    try:
        request_cancel(run.pk)
    except AlreadyFinished as error:
        messages.error(request, str(error))
    return redirect("run", run.pk)


@require_POST
@run_view
def resume(request: HttpRequest, run: Run) -> HttpResponse:
    """Queue a failed or cancelled run again."""
    try:
        resumed = resume_run(run.pk)
    except NotResumable as error:
        messages.error(request, str(error))
    else:
        execute_run.delay_on_commit(str(resumed.pk))
    return redirect("run", run.pk)


def _kind_title(run: Run) -> Any:
    kind = all_kinds().get(run.kind)
    return kind.title if kind else run.kind


def _pace(run: Run) -> dict[str, Any]:
    left = time_left(run)
    share = 100 * run.progress_done / run.progress_total if run.progress_total else None
    return {"left": duration(left) if left is not None else "", "share": share}


def _status(run: Run) -> dict[str, Any]:
    newest = run.metrics.order_by("-sequence")[:NEWEST_LINES]
    return {
        "run": run,
        "kind": _kind_title(run),
        "is_live": not run.is_finished,
        "may_resume": run.state in (Run.State.FAILED, Run.State.CANCELLED),
        "tiles": tiles_for(run, latest_of(reversed(newest))),
        **_pace(run),
    }


def _chart(run: Run, wished: str) -> dict[str, Any]:
    series = series_of(RunMetric.objects.filter(run=run).order_by("sequence").iterator(chunk_size=2000))
    names = metrics_in_order(series)
    metric = wished if wished in series else names[0] if names else ""
    return {"metric": metric, "metrics": names, "chart": draw(metric, series[metric]) if metric else None}


def _times(run: Run) -> list[tuple[str, Any]]:
    times = ((_("Queued"), run.created_at), (_("Started"), run.started_at), (_("Ended"), run.finished_at))
    return [(label, time) for label, time in times if time is not None]
