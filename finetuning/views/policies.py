"""Pages about policies: all of them, one of them, and what can be done with it."""

from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from finetuning.errors import FinetuningError
from finetuning.forms import BaseForm, FinetuneForm, GenerationForm
from finetuning.models import Policy
from finetuning.queries import ancestors, get_policy_for, policies_visible_to, runs_making_policies
from finetuning.services.base import queue_base
from finetuning.services.finetune import queue_finetuning
from finetuning.services.generate import queue_generation
from finetuning.tiles import tiles_of
from labeling.models import Person
from labeling.views.access import login_required
from runs.curves import draw, series_of
from runs.models import Run
from runs.tasks import execute_run

CURVES = ("reward", "kl_nats", "loss")
CURVES_SHOWN = 2


@login_required
@require_http_methods(["GET", "POST"])
def policies(request: HttpRequest) -> HttpResponse:
    """All policies with their figures, those being made, and the form that makes a base."""
    person = _engineer(request)
    form = BaseForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        wanted = form.cleaned_data
        try:
            run = queue_base(
                name=wanted["name"],
                corpus=wanted["corpus"],
                config=form.settings(),
                created_by=person,
                client_id=wanted["client_id"],
            )
        except FinetuningError as problem:
            form.add_error("name" if "name" in problem.fields else None, str(problem))
        else:
            return _follow(run)
    context = {"policies": policies_visible_to(person), "form": form, "making": runs_making_policies()}
    return render(request, "finetuning/policies.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def policy(request: HttpRequest, name: str) -> HttpResponse:
    """One policy: what it gained, where it comes from, and what it says beside its reference."""
    person = _engineer(request)
    return render(request, "finetuning/policy.html", _context(get_policy_for(person, name), person))


@login_required
@require_POST
def finetune(request: HttpRequest, name: str) -> HttpResponse:
    """Start a run that fine-tunes this policy."""
    person = _engineer(request)
    policy = get_policy_for(person, name)
    form = FinetuneForm(request.POST, person=person)
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            run = queue_finetuning(
                policy=policy,
                method=wanted["method"],
                reward_model=wanted["reward_model"],
                snapshot=wanted["snapshot"],
                name=wanted["name"],
                config=form.settings(),
                created_by=person,
                client_id=wanted["client_id"],
            )
        except FinetuningError as problem:
            form.add_error(_field(problem, form), str(problem))
        else:
            return _follow(run)
    return render(request, "finetuning/policy.html", _context(policy, person, tuning=form), status=422)


@login_required
@require_POST
def generate(request: HttpRequest, name: str) -> HttpResponse:
    """Start a run in which this policy answers prompts of a project."""
    person = _engineer(request)
    policy = get_policy_for(person, name)
    form = GenerationForm(request.POST, person=person, policy=policy)
    if form.is_valid():
        wanted = form.cleaned_data
        try:
            run = queue_generation(
                project=wanted["project"],
                policy=policy,
                against=wanted["against"],
                limit=wanted["limit"],
                sampling=form.settings(),
                before_old_work=wanted["before_old_work"],
                created_by=person,
                client_id=wanted["client_id"],
            )
        except FinetuningError as problem:
            form.add_error(_field(problem, form), str(problem))
        else:
            return _follow(run)
    return render(request, "finetuning/policy.html", _context(policy, person, generating=form), status=422)


def _context(
    policy: Policy, person: Person, *, tuning: FinetuneForm | None = None, generating: GenerationForm | None = None
) -> dict[str, Any]:
    series = series_of(policy.run.metrics.order_by("sequence")) if policy.run else {}
    return {
        "policy": policy,
        "tiles": tiles_of(policy),
        "charts": [draw(metric, series[metric]) for metric in CURVES if metric in series][:CURVES_SHOWN],
        "samples": policy.metrics.get("samples") or [],
        "lineage": [*reversed(ancestors(policy)), policy],
        "children": policy.children.all(),
        "generations": policy.generations.select_related("project", "against")[:20],
        "tuning": tuning or FinetuneForm(person=person),
        "generating": generating or GenerationForm(person=person, policy=policy),
    }


def _engineer(request: HttpRequest) -> Person:
    """The person, if policies exist for them. Raises: Http404."""
    person = cast(Person, request.user)
    if not person.is_engineer:
        raise Http404
    return person


def _field(problem: FinetuningError, form: Any) -> str | None:
    """The form's field that the problem names, if it names one."""
    return next((name for name in problem.fields if name in form.fields), None)


def _follow(run: Run) -> HttpResponse:
    execute_run.delay_on_commit(str(run.pk))
    return redirect("run", run.pk)
