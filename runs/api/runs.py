"""Runs for scripts: list, start, look at, follow, cancel, resume."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import CursorPagination
from config.query_strings import number_in
from runs.errors import UnknownKind
from runs.kinds import kind_named
from runs.models import Run
from runs.queries import FILTERS, filter_runs, get_run_for, metrics_after, runs_visible_to
from runs.services.queueing import request_cancel, resume_run
from runs.tasks import execute_run


class RunPagination(CursorPagination):
    ordering = ("-created_at", "pk")  # type: ignore[assignment]


class LineageSerializer(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]
    url = serializers.CharField()
    kind = serializers.CharField()


class RunSerializer(serializers.ModelSerializer):
    """One run as everybody who may see it sees it."""

    lineage = LineageSerializer(many=True)
    created_by = serializers.CharField(source="created_by.pseudonym", default=None, read_only=True)

    class Meta:
        model = Run
        fields = (
            "id", "kind", "title", "scope", "state", "config", "result", "error", "lineage", "attempt", "max_attempts",
            "progress_done", "progress_total", "cancel_requested_at", "created_by", "created_at", "started_at",
            "heartbeat_at", "finished_at",
        )  # fmt: skip


class NewRunSerializer(serializers.Serializer):
    kind = serializers.CharField(max_length=40)
    config = serializers.DictField(required=False, default=dict)
    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    scope = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)


class MetricSerializer(serializers.Serializer):
    sequence = serializers.IntegerField()
    attempt = serializers.IntegerField()
    step = serializers.IntegerField()
    values = serializers.DictField()
    recorded_at = serializers.DateTimeField()


class MetricsSerializer(serializers.Serializer):
    metrics = MetricSerializer(many=True)
    next = serializers.IntegerField(help_text="Send it as `after` to get what came since.")
    state = serializers.CharField()


@extend_schema(
    methods=["GET"],
    parameters=[OpenApiParameter(name, str) for name in FILTERS],
    responses=RunSerializer(many=True),
)
@extend_schema(methods=["POST"], request=NewRunSerializer, responses={202: RunSerializer})
@api_view(["GET", "POST"])
def runs(request: Request) -> Response:
    """List the runs you may see, newest first; or start one of a kind that may be started this way (engineers)."""
    if request.method == "POST":
        return _start(request)
    paginator = RunPagination()
    page = paginator.paginate_queryset(filter_runs(runs_visible_to(request.user), request.query_params), request)
    return paginator.get_paginated_response(RunSerializer(page, many=True).data)


def _start(request: Request) -> Response:
    if not request.user.is_engineer:
        raise PermissionDenied(_("Only engineers start runs this way."))
    serializer = NewRunSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    wish: dict[str, Any] = serializer.validated_data
    queue = kind_named(wish["kind"]).queue_from_api
    if queue is None:
        raise UnknownKind(_("Runs of the kind “%(kind)s” are not started from here.") % {"kind": wish["kind"]})
    run = queue(person=request.user, config=wish["config"], title=wish["title"], scope=wish["scope"])
    execute_run.delay_on_commit(str(run.pk))
    return Response(RunSerializer(run).data, status=status.HTTP_202_ACCEPTED)


@extend_schema(responses=RunSerializer)
@api_view(["GET"])
def run(request: Request, pk: UUID) -> Response:
    """One run: state, progress, config, result, lineage."""
    return Response(RunSerializer(get_run_for(request.user, pk)).data)


@extend_schema(parameters=[OpenApiParameter("after", int)], responses=MetricsSerializer)
@api_view(["GET"])
def metrics(request: Request, pk: UUID) -> Response:
    """What the run measured after the line `after` of its metrics; at most 2,000 lines at a time."""
    found = get_run_for(request.user, pk)
    after = number_in(request.query_params.get("after", "0"))
    if after is None:
        raise ValidationError({"after": [_("A whole number, not below 0.")]})
    rows = metrics_after(found, after)
    following = rows[-1].sequence if rows else after
    return Response({"metrics": MetricSerializer(rows, many=True).data, "next": following, "state": found.state})


@extend_schema(request=None, responses=RunSerializer)
@api_view(["POST"])
def cancel(request: Request, pk: UUID) -> Response:
    """Stop a run: a queued one at once, a running one when it has saved. 409 when it has ended."""
    return Response(RunSerializer(request_cancel(get_run_for(request.user, pk).pk)).data)


@extend_schema(request=None, responses={202: RunSerializer})
@api_view(["POST"])
def resume(request: Request, pk: UUID) -> Response:
    """Let a failed or cancelled run go on from its newest checkpoint. 409 for any other."""
    resumed = resume_run(get_run_for(request.user, pk).pk)
    execute_run.delay_on_commit(str(resumed.pk))
    return Response(RunSerializer(resumed).data, status=status.HTTP_202_ACCEPTED)
