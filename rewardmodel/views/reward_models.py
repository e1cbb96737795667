"""Pages about reward models: all of them, one of them, and what can be done with it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.query_strings import number_in
from labeling.models import Person
from labeling.views.access import login_required
from rewardmodel.comparing import compare_models, evaluated_alike
from rewardmodel.errors import RewardModelError
from rewardmodel.evaluation_page import evaluation_page
from rewardmodel.evaluation_words import said_interval
from rewardmodel.forms import PromotionForm, ScoringForm
from rewardmodel.models import Evaluation, RewardModel
from rewardmodel.opinions import said_opinions, said_uncertainty
from rewardmodel.queries import (
    apart_from_sweeps,
    disagreements_with_addresses,
    evaluations_visible_to,
    get_reward_model_for,
    may_see_rewards,
    reward_models_visible_to,
)
from rewardmodel.services.model_card import card_text, training_report
from rewardmodel.services.promote import promote
from rewardmodel.services.score import queue_scoring
from rewardmodel.services.train import queue_training
from rewardmodel.training_form import TrainingForm
from runs.curves import Chart, draw, series_of
from runs.tasks import execute_run

EVALUATIONS_SHOWN = 20


@login_required
@require_http_methods(["GET", "POST"])
def reward_models(request: HttpRequest) -> HttpResponse:
    """All models with their figures; for engineers and owners, the form that starts a training."""
    person = _person(request)
    if not may_see_rewards(person):
        raise Http404
    if request.method == "POST" and not person.is_engineer:
        raise PermissionDenied
    form = TrainingForm(request.POST or None, person=person)
    if request.method == "POST" and form.is_valid():
        try:
            run = queue_training(
                snapshot=form.cleaned_data["snapshot"],
                config=form.config(),
                name=form.cleaned_data["name"],
                created_by=person,
                client_id=form.cleaned_data["client_id"],
            )
        except RewardModelError as problem:
            form.add_error(form.place_of(problem), str(problem))
        else:
            execute_run.delay_on_commit(str(run.pk))
            return redirect(f"/runs/{run.pk}/")
    models = reward_models_visible_to(person)
    listed = apart_from_sweeps(models)
    context = {
        "models": listed,
        "of_sweeps": models.count() - len(listed),
        "form": form,
        "may_train": person.is_engineer,
    }
    return render(request, "rewardmodel/reward_models.html", context, status=422 if form.errors else 200)


@login_required
@require_GET
def reward_model(request: HttpRequest, name: str) -> HttpResponse:
    """One model: an evaluation's figures with intervals and floors (?evaluation=, else that of its training), where it
    comes from, and where it is wrong."""
    person = _person(request)
    model = get_reward_model_for(person, name)
    evaluations = evaluations_visible_to(person, model)
    chosen = _chosen_evaluation(model, evaluations, request.GET.get("evaluation", ""))
    figures: dict[str, Any] = chosen.metrics if chosen else model.metrics
    training = training_report(model)
    context = {
        "model": model,
        "aliases": [alias.alias for alias in model.aliases.all()],
        "figures": figures,
        "chosen": chosen,
        "page": evaluation_page(figures),
        "training": training,
        "opinions": said_opinions(model.config),
        "uncertainty": said_uncertainty(training),
        "chart": _loss_chart(model),
        "disagreements": disagreements_with_addresses(model, figures.get("disagreements") or [], chosen),
        "evaluations": evaluations[:EVALUATIONS_SHOWN],
        "others": evaluated_alike(person, list(reward_models_visible_to(person)), model),
        "scored": model.scores.count(),
        "scoring": ScoringForm(person=person),
        "may_promote": person.is_engineer,
    }
    return render(request, "rewardmodel/reward_model.html", context)


@login_required
@require_GET
def reward_model_card(request: HttpRequest, name: str) -> HttpResponse:
    """The model's card as Markdown, as it lies beside the weights."""
    person = _person(request)
    model = get_reward_model_for(person, name)
    card = card_text(model, training_report(model), evaluations_visible_to(person, model))
    return HttpResponse(card, content_type="text/markdown; charset=utf-8")


@login_required
@require_GET
def compare_reward_models(request: HttpRequest) -> HttpResponse:
    """Two models (?a=, ?b=) on the pairs that both were evaluated on, with the paired difference."""
    person = _person(request)
    if not may_see_rewards(person):
        raise Http404
    first, second = (request.GET.get(side, "") for side in "ab")
    context: dict[str, Any] = {"models": reward_models_visible_to(person), "a": first, "b": second}
    if first and second:
        one, other = get_reward_model_for(person, first), get_reward_model_for(person, second)
        lines = [(same, said_interval(same.difference)) for same in compare_models(person, one, other)]
        context |= {"one": one, "other": other, "lines": lines}
    return render(request, "rewardmodel/compare.html", context)


@login_required
@require_POST
def promote_reward_model(request: HttpRequest, name: str) -> HttpResponse:
    """Point an alias at this model."""
    model, person = _model_to_change(request, name)
    form = PromotionForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("There is no such alias."))
        return redirect("reward-model", name=name)
    try:
        alias = promote(reward_model=model, alias=form.cleaned_data["alias"], changed_by=person)
    except RewardModelError as problem:
        messages.error(request, str(problem))
    else:
        messages.success(
            request, _("“%(name)s” is the %(alias)s now.") % {"name": name, "alias": alias.get_alias_display()}
        )
    return redirect("reward-model", name=name)


@login_required
@require_POST
def score_project(request: HttpRequest, name: str) -> HttpResponse:
    """Start a run that scores the responses of one project."""
    model, person = _model_to_change(request, name)
    form = ScoringForm(request.POST, person=person)
    if not form.is_valid():
        messages.error(request, _("Choose a project whose responses should be scored."))
        return redirect("reward-model", name=name)
    try:
        run = queue_scoring(reward_model=model, **form.cleaned_data, created_by=person)
    except RewardModelError as problem:
        messages.info(request, str(problem))
        return redirect("reward-model", name=name)
    execute_run.delay_on_commit(str(run.pk))
    return redirect(f"/runs/{run.pk}/")


def _chosen_evaluation(model: RewardModel, evaluations: QuerySet[Evaluation], asked: str) -> Evaluation | None:
    """The evaluation that was asked for by number, else that of the training, else the oldest. Raises: Http404."""
    if not asked:
        return evaluations.filter(run__isnull=False, run=model.run_id).first() or evaluations.last()
    number = number_in(asked)
    found = None if number is None else evaluations.filter(pk=number).first()
    if found is None:
        raise Http404
    return found


def _person(request: HttpRequest) -> Person:
    person: Person = request.user  # type: ignore[assignment]
    return person


def _model_to_change(request: HttpRequest, name: str) -> tuple[Any, Person]:
    """The model, for someone who may change things. Raises: Http404 for outsiders, PermissionDenied for managers."""
    person = _person(request)
    model = get_reward_model_for(person, name)
    if not person.is_engineer:
        raise PermissionDenied
    return model, person


def _loss_chart(model: RewardModel) -> Chart | None:
    """The loss over the steps of the run that trained the model, if it left a curve."""
    series = series_of(model.run.metrics.order_by("sequence")) if model.run else {}
    return draw("loss", series["loss"]) if "loss" in series else None
