"""Pages about sweeps: all of them with the form that starts one, and one with what it found."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from labeling.models import Person
from labeling.views.access import login_required
from rewardmodel.errors import RewardModelError
from rewardmodel.models import Sweep
from rewardmodel.queries import get_sweep_for, may_see_rewards, sweeps_visible_to
from rewardmodel.services.sweep import MOST_RUNS, cancel_sweep, queue_sweep
from rewardmodel.sweep_form import SweepForm
from rewardmodel.sweep_page import LOSS, SORTS, progress_of, sweep_page
from runs.tables import flatten
from runs.tasks import nudge_runs

SWEEPS_ON_A_PAGE = 50


@login_required
@require_http_methods(["GET", "POST"])
def sweeps(request: HttpRequest) -> HttpResponse:
    """All sweeps, newest first; for engineers and owners, the form that starts one."""
    person: Person = request.user  # type: ignore[assignment]
    if not may_see_rewards(person):
        raise Http404
    if request.method == "POST" and not person.is_engineer:
        raise PermissionDenied
    form = SweepForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            queued = queue_sweep(**form.cleaned_data, created_by=person)
        except RewardModelError as problem:
            form.add_error(form.place_of(problem), str(problem))
        else:
            nudge_runs.delay_on_commit()
            return redirect("reward-model-sweep", name=queued.sweep.name)
    context = {
        "page": Paginator(sweeps_visible_to(person), SWEEPS_ON_A_PAGE).get_page(request.GET.get("page")),
        "form": form,
        "may_train": person.is_engineer,
        "most_runs": MOST_RUNS,
    }
    return render(request, "rewardmodel/sweeps.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def sweep(request: HttpRequest, name: str) -> HttpResponse:
    """One sweep: its runs by what validation says of them (?sort=accuracy, else by loss), and what that chooses."""
    person: Person = request.user  # type: ignore[assignment]
    found = get_sweep_for(person, name)
    sort = request.GET.get("sort", LOSS)
    context = {
        **_status(found),
        "page": sweep_page(found, sort=sort if sort in SORTS else LOSS),
        "shared": flatten(found.asked["settings"]),
        "may_change": person.is_engineer,
    }
    return render(request, "rewardmodel/sweep.html", context)


@login_required
@require_GET
def sweep_status(request: HttpRequest, name: str) -> HttpResponse:
    """What changes while runs work; one that has ended (?ended= says how many had) loads the page anew."""
    status = _status(get_sweep_for(request.user, name))  # type: ignore[arg-type]
    response = render(request, "rewardmodel/_sweep_status.html", status)
    ended = status["progress"].ended
    if request.GET.get("ended", str(ended)) != str(ended):
        response["HX-Refresh"] = "true"
    return response


@login_required
@require_POST
def cancel(request: HttpRequest, name: str) -> HttpResponse:
    """Stop all runs of a sweep that have not ended."""
    person: Person = request.user  # type: ignore[assignment]
    found = get_sweep_for(person, name)
    if not person.is_engineer:
        raise PermissionDenied
    stopped = cancel_sweep(found)
    said = ngettext("%(n)s run is cancelled.", "%(n)s runs are cancelled.", stopped) % {"n": stopped}
    messages.info(request, said if stopped else _("Every run had ended already."))
    return redirect("reward-model-sweep", name=name)


def _status(found: Sweep) -> dict[str, Any]:
    return {"sweep": found, "progress": progress_of(found)}
