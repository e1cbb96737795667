"""Policies for scripts: list, make, fine-tune, look at, let them answer."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import CursorPagination
from finetuning.core.finetune_config import METHODS
from finetuning.models import Policy
from finetuning.queries import get_policy_for, policies_visible_to
from finetuning.services import from_api
from finetuning.services.generate import DEFAULT_LIMIT, MOST_PROMPTS
from runs.models import Run
from runs.tasks import execute_run


class PolicySerializer(serializers.Serializer):
    """A version with its lineage and figures."""

    name = serializers.CharField()
    method = serializers.CharField()
    digest = serializers.CharField()
    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # a field's own attribute
    reference = serializers.CharField(allow_null=True)
    reward_model = serializers.CharField(allow_null=True)
    snapshot = serializers.UUIDField(allow_null=True)
    run = serializers.UUIDField(allow_null=True)
    config = serializers.DictField()
    metrics = serializers.DictField()
    created_at = serializers.DateTimeField()


class NewPolicySerializer(serializers.Serializer):
    """A base policy needs a corpus; one that is fine-tuned needs the policy to start from."""

    method = serializers.ChoiceField(choices=["base", *METHODS])
    name = serializers.CharField(max_length=119, required=False, allow_blank=True)
    corpus = serializers.CharField(max_length=64, required=False, help_text="“demo”, or a snapshot's id.")
    policy = serializers.CharField(max_length=120, required=False)
    reward_model = serializers.CharField(max_length=120, required=False, help_text="A name, or an alias.")
    snapshot = serializers.CharField(max_length=64, required=False)
    reference = serializers.CharField(max_length=120, required=False)
    settings = serializers.DictField(required=False)


class GenerationSerializer(serializers.Serializer):
    project = serializers.CharField(max_length=60)
    against = serializers.CharField(max_length=120, required=False, allow_null=True)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_PROMPTS, default=DEFAULT_LIMIT)
    sampling = serializers.DictField(required=False)
    before_old_work = serializers.BooleanField(default=False)


class QueuedPolicySerializer(serializers.Serializer):
    run = serializers.UUIDField()
    state = serializers.CharField()
    policy = serializers.CharField()


def shown(policy: Policy) -> dict[str, Any]:
    return {
        "name": policy.name,
        "method": policy.method,
        "digest": policy.digest,
        "parent": policy.parent.name if policy.parent else None,
        "reference": policy.reference.name if policy.reference else None,
        "reward_model": policy.reward_model.name if policy.reward_model else None,
        "snapshot": policy.snapshot_id,
        "run": policy.run_id,
        "config": policy.config,
        "metrics": policy.metrics,
        "created_at": policy.created_at,
    }


@extend_schema(methods=["GET"], responses=PolicySerializer(many=True))
@extend_schema(methods=["POST"], request=NewPolicySerializer, responses={202: QueuedPolicySerializer})
@api_view(["GET", "POST"])
def policies(request: Request) -> Response:
    """GET: every policy, newest first. POST: make a base policy or fine-tune one, 202 a run. Engineers and owners."""
    _require_engineer(request)
    if request.method == "POST":
        serializer = NewPolicySerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        queue = from_api.base if serializer.validated_data["method"] == "base" else from_api.finetune
        return _queued(queue(person=request.user, config=serializer.validated_data))
    pages = CursorPagination()
    page = pages.paginate_queryset(policies_visible_to(request.user), request)
    return pages.get_paginated_response([shown(policy) for policy in page or []])


@extend_schema(responses=PolicySerializer)
@api_view(["GET"])
def policy(request: Request, name: str) -> Response:
    """One policy with its lineage and figures."""
    return Response(shown(get_policy_for(request.user, name)))


@extend_schema(request=GenerationSerializer, responses={202: QueuedPolicySerializer})
@api_view(["POST"])
def generate(request: Request, name: str) -> Response:
    """Let the policy answer prompts of a project, beside another policy's answers; 202 a run."""
    policy = get_policy_for(request.user, name)
    serializer = GenerationSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    return _queued(from_api.generate(person=request.user, config={**serializer.validated_data, "policy": policy.name}))


def _queued(run: Run) -> Response:
    execute_run.delay_on_commit(str(run.pk))
    policy = run.config.get("name") or run.config["policies"][0]
    return Response({"run": run.pk, "state": run.state, "policy": policy}, status=status.HTTP_202_ACCEPTED)


def _require_engineer(request: Request) -> None:
    if not request.user.is_engineer:
        raise Http404
