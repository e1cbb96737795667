"""Trying policies by hand: a prompt, one answer or two, and what the champion thinks of them."""

from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from finetuning.errors import FinetuningError
from finetuning.forms import TrialForm
from finetuning.queries import get_trial_for, policies_visible_to
from finetuning.services.playground import queue_trial
from finetuning.trials import answers_of
from labeling.models import Person
from labeling.views.access import login_required
from runs.models import Run
from runs.tasks import execute_run


@login_required
@require_http_methods(["GET", "POST"])
def playground(request: HttpRequest) -> HttpResponse:
    """The form; sending it queues a short run and leads to its page."""
    person = _engineer(request)
    form = TrialForm(request.POST or None, person=person, initial=_chosen(request, person))
    if request.method == "POST" and form.is_valid():
        try:
            run = queue_trial(
                policies=form.policies(),
                prompt=form.cleaned_data["prompt"],
                sampling=form.settings(),
                created_by=person,
                client_id=form.cleaned_data["client_id"],
            )
        except FinetuningError as problem:
            form.add_error(None, str(problem))
        else:
            execute_run.delay_on_commit(str(run.pk))
            return redirect("playground-trial", run.pk)
    context = {"form": form, "has_policies": policies_visible_to(person).exists()}
    return render(request, "finetuning/playground.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def trial(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The form as it was sent, with the answers below it."""
    person = _engineer(request)
    run = get_trial_for(person, pk)
    names = [*run.config["policies"], None]
    initial = {**run.config["sampling"], "prompt": run.config["prompt"], "policy": names[0], "other": names[1]}
    context = {"form": TrialForm(person=person, initial=initial), "has_policies": True, **_answers(run)}
    return render(request, "finetuning/playground.html", context)


@login_required
@require_GET
def answers(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The part of the page that changes while the policies answer."""
    return render(request, "finetuning/_answers.html", _answers(get_trial_for(_engineer(request), pk)))


def _answers(run: Run) -> dict[str, Any]:
    return {"run": run, "is_live": not run.is_finished, "trial": answers_of(run)}


def _chosen(request: HttpRequest, person: Person) -> dict[str, Any]:
    """A policy named in the address, and the one that it came from beside it."""
    policy = policies_visible_to(person).filter(name=request.GET.get("policy", "")).first()
    if policy is None:
        return {}
    return {"policy": policy.name, "other": policy.parent.name if policy.parent else None}


def _engineer(request: HttpRequest) -> Person:
    """The person, if policies exist for them. Raises: Http404."""
    person = cast(Person, request.user)
    if not person.is_engineer:
        raise Http404
    return person
