"""Sweeps for scripts: list, start, look at, cancel what is left."""

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import CursorPagination
from rewardmodel.errors import NotAllowed
from rewardmodel.models import Sweep
from rewardmodel.queries import get_snapshot, may_see_rewards, sweeps_visible_to
from rewardmodel.services.sweep import LARGEST_SEED, LONGEST_NAME, MOST_RUNS, cancel_sweep, queue_sweep
from rewardmodel.sweep_outcomes import Choice, Outcome, choice_among, outcomes_of
from runs.tasks import nudge_runs


class NewSweepSerializer(serializers.Serializer):
    """What is tried: a list of values, or a range with draws, for each setting."""

    snapshot = serializers.CharField(
        max_length=120, help_text="A snapshot's id or name, or the beginning of its content hash."
    )
    name = serializers.CharField(
        max_length=LONGEST_NAME,
        required=False,
        allow_blank=True,
        default="",
        help_text="The same request under the same name starts nothing again.",
    )
    config = serializers.DictField(required=False, default=dict, help_text="Settings that all runs share.")
    vary = serializers.DictField(
        required=False,
        default=dict,
        help_text='By setting: [values], {"low", "high", "scale": "log" or "uniform"}, or either as a text: '
        '"1e-5,1e-4", "log:1e-6:1e-3".',
    )
    draws = serializers.IntegerField(
        required=False,
        allow_null=True,
        default=None,
        min_value=1,
        max_value=MOST_RUNS,
        help_text="So many combinations at most, drawn; null takes all. A range needs it.",
    )
    draw_seed = serializers.IntegerField(required=False, default=0, min_value=0, max_value=LARGEST_SEED)
    seeds = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=LARGEST_SEED),
        required=False,
        allow_null=True,
        default=None,
        help_text="Each combination is trained with each; by default with the config's, or 0.",
    )


class ValidationFigureSerializer(serializers.Serializer):
    """A figure of the validation split with its 95 % interval over prompts; null where there is none."""

    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)


class SweepRunSerializer(serializers.Serializer):
    run = serializers.UUIDField()
    state = serializers.CharField()
    settings = serializers.DictField(help_text="In what it differs from the others.")
    seed = serializers.IntegerField()
    model = serializers.CharField(allow_null=True)
    log_loss = ValidationFigureSerializer()
    accuracy = ValidationFigureSerializer()
    test_accuracy = serializers.FloatField(
        allow_null=True, help_text="For telling what a choice is worth, never for choosing."
    )


class BestOfSweepSerializer(serializers.Serializer):
    """What validation chooses: the settings with the lowest log loss, on average over seeds."""

    model = serializers.CharField()
    settings = serializers.DictField()
    seed = serializers.IntegerField()
    seeds = serializers.IntegerField(help_text="Over how many its log loss is a mean.")
    mean_log_loss = serializers.FloatField()
    others = serializers.IntegerField(help_text="Settings that were measured beside it.")
    overlapping = serializers.IntegerField(help_text="Those of them that may do as well: their intervals overlap.")


class SweepSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    snapshot = serializers.UUIDField()
    snapshot_sha256 = serializers.CharField()
    asked = serializers.DictField()
    runs = serializers.IntegerField()
    ended = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class SweepWithRunsSerializer(SweepSerializer):
    best = BestOfSweepSerializer(allow_null=True)
    trainings = SweepRunSerializer(many=True)


EXAMPLE = OpenApiExample(
    "Two learning rates and three depths, three seeds each",
    value={
        "snapshot": "8d1f0c2a9b3e",
        "name": "depth",
        "config": {"epochs": 2},
        "vary": {"learning_rate": [1e-5, 1e-4], "frozen_layers": [0, 2, "all"]},
        "seeds": [0, 1, 2],
    },
    request_only=True,
)


@extend_schema(methods=["GET"], responses=SweepSerializer(many=True))
@extend_schema(
    methods=["POST"],
    request=NewSweepSerializer,
    responses={200: SweepWithRunsSerializer, 202: SweepWithRunsSerializer},
    examples=[EXAMPLE],
)
@api_view(["GET", "POST"])
def sweeps(request: Request) -> Response:
    """GET: the sweeps the caller may see, newest first. POST: queue one (engineers and owners), 202 or 200 the same.

    Every setting of every run is checked before anything is queued.
    """
    if not may_see_rewards(request.user):
        raise Http404
    if request.method == "POST":
        return _start(request)
    pages = CursorPagination()
    page = pages.paginate_queryset(sweeps_visible_to(request.user), request)
    return pages.get_paginated_response([shown(sweep) for sweep in page or []])


def _start(request: Request) -> Response:
    _require_engineer(request)
    serializer = NewSweepSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    wanted = serializer.validated_data
    queued = queue_sweep(
        snapshot=get_snapshot(wanted["snapshot"], person=request.user),
        name=wanted["name"],
        settings=wanted["config"],
        vary=wanted["vary"],
        draws=wanted["draws"],
        draw_seed=wanted["draw_seed"],
        seeds=wanted["seeds"],
        created_by=request.user,
    )
    if queued.is_new:
        nudge_runs.delay_on_commit()
    made = status.HTTP_202_ACCEPTED if queued.is_new else status.HTTP_200_OK
    return Response(shown_with_runs(_visible(request, queued.sweep.pk)), status=made)


@extend_schema(responses=SweepWithRunsSerializer)
@api_view(["GET"])
def sweep(request: Request, pk: int) -> Response:
    """One sweep: its runs with their figures, and what validation chooses so far."""
    return Response(shown_with_runs(_visible(request, pk)))


@extend_schema(request=None, responses=SweepWithRunsSerializer)
@api_view(["POST"])
def cancel(request: Request, pk: int) -> Response:
    """Stop every run that has not ended. Twice is harmless."""
    found = _visible(request, pk)
    _require_engineer(request)
    cancel_sweep(found)
    return Response(shown_with_runs(_visible(request, pk)))


def shown(sweep: Sweep) -> dict[str, Any]:
    """A sweep as `sweeps_visible_to` reads it."""
    return {
        "id": sweep.pk,
        "name": sweep.name,
        "snapshot": sweep.snapshot_id,
        "snapshot_sha256": sweep.snapshot.content_sha256,
        "asked": sweep.asked,
        "runs": sweep.runs,  # type: ignore[attr-defined]
        "ended": sweep.ended,  # type: ignore[attr-defined]
        "created_at": sweep.created_at,
    }


def shown_with_runs(sweep: Sweep) -> dict[str, Any]:
    outcomes = outcomes_of(sweep)
    return {
        **shown(sweep),
        "best": shown_choice(choice_among(outcomes)),
        "trainings": [shown_outcome(outcome) for outcome in outcomes],
    }


def shown_choice(choice: Choice | None) -> dict[str, Any] | None:
    """What validation chooses, or nothing before the first figure."""
    if choice is None:
        return None
    return {
        "model": str(choice.best.model),
        "settings": choice.setting.settings,
        "seed": choice.best.asked.seed,
        "seeds": len(choice.setting.outcomes),
        "mean_log_loss": choice.setting.loss,
        "others": choice.others,
        "overlapping": choice.overlapping,
    }


def shown_outcome(outcome: Outcome) -> dict[str, Any]:
    """One run with its figures."""
    metrics = outcome.model.metrics if outcome.model else {}
    return {
        "run": outcome.run.pk,
        "state": outcome.run.state,
        "settings": outcome.settings,
        "seed": outcome.asked.seed,
        "model": outcome.model.name if outcome.model else None,
        "log_loss": {end: outcome.loss.get(end) for end in ("value", "low", "high")},
        "accuracy": {end: outcome.accuracy.get(end) for end in ("value", "low", "high")},
        "test_accuracy": metrics.get("accuracy") if metrics.get("split") == "test" else None,
    }


def _visible(request: Request, pk: int) -> Sweep:
    return get_object_or_404(sweeps_visible_to(request.user), pk=pk)


def _require_engineer(request: Request) -> None:
    if not request.user.is_engineer:
        raise NotAllowed(_("Only engineers and owners start and cancel sweeps."))
