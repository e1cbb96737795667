"""Reward models for scripts: list, train, look at, ask for rewards, promote."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import CursorPagination
from rewardmodel.errors import NotAllowed
from rewardmodel.models import RewardModel, RewardModelAlias
from rewardmodel.queries import get_reward_model_for, get_snapshot, may_see_rewards, reward_models_visible_to
from rewardmodel.scorer_client import score_over_http
from rewardmodel.services.promote import promote
from rewardmodel.services.train import queue_training
from runs.tasks import execute_run


class RewardModelSerializer(serializers.Serializer):
    """A version with its lineage and figures."""

    name = serializers.CharField()
    aliases = serializers.ListField(child=serializers.CharField())
    backbone = serializers.CharField()
    digest = serializers.CharField()
    snapshot = serializers.UUIDField(allow_null=True)
    snapshot_sha256 = serializers.CharField(allow_blank=True)
    run = serializers.UUIDField(allow_null=True)
    config = serializers.DictField()
    metrics = serializers.DictField()
    created_at = serializers.DateTimeField()


class TrainingSerializer(serializers.Serializer):
    snapshot = serializers.CharField(
        max_length=120, help_text="A snapshot's id or name, or the beginning of its content hash."
    )
    name = serializers.CharField(max_length=119, required=False, allow_blank=True, default="")
    config = serializers.DictField(required=False, default=dict)


class QueuedTrainingSerializer(serializers.Serializer):
    run = serializers.UUIDField()
    state = serializers.CharField()
    model = serializers.CharField()


class ScoreItemsSerializer(serializers.Serializer):
    """What the scoring server reads; it checks the items itself."""

    items = serializers.ListField(child=serializers.DictField())


class PromotionSerializer(serializers.Serializer):
    alias = serializers.ChoiceField(choices=RewardModelAlias.Name.choices, default=RewardModelAlias.Name.CHAMPION)


def shown(model: RewardModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "aliases": sorted(alias.alias for alias in model.aliases.all()),
        "backbone": model.backbone,
        "digest": model.digest,
        "snapshot": model.snapshot_id,
        "snapshot_sha256": model.snapshot.content_sha256 if model.snapshot else "",
        "run": model.run_id,
        "config": model.config,
        "metrics": model.metrics,
        "created_at": model.created_at,
    }


@extend_schema(methods=["GET"], responses=RewardModelSerializer(many=True))
@extend_schema(methods=["POST"], request=TrainingSerializer, responses={202: QueuedTrainingSerializer})
@api_view(["GET", "POST"])
def reward_models(request: Request) -> Response:
    """GET: the models the caller may see, newest first. POST: queue a training (engineers and owners), 202 a run."""
    if not may_see_rewards(request.user):
        raise Http404
    if request.method == "POST":
        return _train(request)
    pages = CursorPagination()
    page = pages.paginate_queryset(reward_models_visible_to(request.user), request)
    return pages.get_paginated_response([shown(model) for model in page or []])


def _train(request: Request) -> Response:
    _require_engineer(request)
    serializer = TrainingSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    wanted = serializer.validated_data
    run = queue_training(
        snapshot=get_snapshot(wanted["snapshot"], person=request.user),
        config=wanted["config"],
        name=wanted["name"],
        created_by=request.user,
    )
    execute_run.delay_on_commit(str(run.pk))
    body = {"run": run.pk, "state": run.state, "model": run.config["name"]}
    return Response(body, status=status.HTTP_202_ACCEPTED)


@extend_schema(responses=RewardModelSerializer)
@api_view(["GET"])
def reward_model(request: Request, name: str) -> Response:
    """One model with its lineage and figures."""
    return Response(shown(get_reward_model_for(request.user, name)))


@extend_schema(
    request=ScoreItemsSerializer,
    responses=inline_serializer(
        "Rewards", {"model": serializers.CharField(), "results": serializers.ListField(child=serializers.DictField())}
    ),
)
@api_view(["POST"])
def score(request: Request, name: str) -> Response:
    """Rewards of {"items": [{"prompt", "response"}]} by this model, from the scoring server; 503 when it is down."""
    model = get_reward_model_for(request.user, name)
    serializer = ScoreItemsSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    return Response(score_over_http(model.name, serializer.validated_data["items"]))


@extend_schema(request=PromotionSerializer, responses=RewardModelSerializer)
@api_view(["POST"])
def promote_model(request: Request, name: str) -> Response:
    """Point an alias ("champion" by default) at this model. Twice is harmless."""
    model = get_reward_model_for(request.user, name)
    _require_engineer(request)
    serializer = PromotionSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    promote(reward_model=model, alias=serializer.validated_data["alias"], changed_by=request.user)
    return Response(shown(get_reward_model_for(request.user, name)))


def _require_engineer(request: Request) -> None:
    if not request.user.is_engineer:
        raise NotAllowed(_("Only engineers and owners train and promote reward models."))
