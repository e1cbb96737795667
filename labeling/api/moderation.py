"""Moderation for scripts: what the checks found, deciding about it, and looking again."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from config.query_strings import number_in
from labeling.errors import NotAMember
from labeling.models import ModerationFinding, Project
from labeling.moderated import PAGE, Wanted
from labeling.moderation.registry import CHECKS
from labeling.queries import get_project_for
from labeling.services.moderation import queue_moderation
from labeling.services.moderation_decisions import decide
from labeling.views.access import role_of
from runs.tasks import execute_run

MODERATORS = ("reviewer", "manager")
MOST_AT_ONCE = 1_000


class ModerationFindingSerializer(serializers.Serializer):
    """A finding. `start` and `end` count characters of the response, or of the prompt's message of that number."""

    id = serializers.IntegerField()
    comparison = serializers.IntegerField(allow_null=True, help_text="None for a demonstration.")
    response = serializers.IntegerField(allow_null=True, help_text="None for the prompt of a comparison.")
    message = serializers.IntegerField(allow_null=True, help_text="None where it stands in the response.")
    check = serializers.ChoiceField(list(CHECKS))
    reason = serializers.CharField()
    severity = serializers.ChoiceField(ModerationFinding.Severity.values)
    start = serializers.IntegerField()
    end = serializers.IntegerField()
    figures = serializers.DictField()
    decision = serializers.ChoiceField(ModerationFinding.State.values)
    found_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField(allow_null=True, help_text="A pseudonym.")


class ModerationPageSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    results = ModerationFindingSerializer(many=True)


class DecisionSerializer(serializers.Serializer):
    """One decision about some findings; those that carry it already stay as they are."""

    findings = serializers.ListField(
        child=serializers.IntegerField(min_value=1), allow_empty=False, max_length=MOST_AT_ONCE
    )
    decision = serializers.ChoiceField(ModerationFinding.State.values)


class DecidedSerializer(serializers.Serializer):
    changed = serializers.IntegerField()


class ModerationRunSerializer(serializers.Serializer):
    checks = serializers.ListField(
        child=serializers.CharField(max_length=20),
        required=False,
        allow_null=True,
        default=None,
        help_text="By default those that the project wants.",
    )


class QueuedModerationSerializer(serializers.Serializer):
    run = serializers.UUIDField()
    state = serializers.CharField()


def moderated_project(request: Request, slug: str, *roles: str) -> Project:
    """The project under that slug, for some of its roles. Raises: Http404; NotAMember."""
    project = get_project_for(request.user, slug)
    if role_of(request.user, project) not in roles:
        raise NotAMember(_("Your role in this project does not reach to its moderation. Ask a manager."))
    return project


@extend_schema(
    methods=["GET"],
    parameters=[
        OpenApiParameter("check", enum=list(CHECKS)),
        OpenApiParameter("state", enum=ModerationFinding.State.values, default="open"),
        OpenApiParameter("after", int, description="The finding after which the page begins."),
    ],
    responses=ModerationPageSerializer,
)
@extend_schema(methods=["POST"], request=DecisionSerializer, responses=DecidedSerializer)
@api_view(["GET", "POST"])
def findings(request: Request, slug: str) -> Response:
    """GET: what the checks found, 20 a page. POST: keep or exclude some of it, or open it again."""
    project = moderated_project(request, slug, *MODERATORS)
    if request.method == "POST":
        serializer = DecisionSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        said = serializer.validated_data
        named = ModerationFinding.objects.filter(project=project, pk__in=said["findings"])
        return Response({"changed": decide(findings=named, state=said["decision"], person=request.user)})
    after = request.query_params.get("after", "")
    wanted = Wanted.from_query(request.query_params).among(project).select_related("decided_by").order_by("pk")
    found = list(wanted.filter(pk__gt=number_in(after) or 0)[: PAGE + 1])
    further = replace_query_param(request.build_absolute_uri(), "after", found[PAGE - 1].pk) if found[PAGE:] else None
    return Response({"next": further, "results": [_shown(one) for one in found[:PAGE]]})


@extend_schema(request=ModerationRunSerializer, responses={202: QueuedModerationSerializer})
@api_view(["POST"])
def start(request: Request, slug: str) -> Response:
    """Look through everything the project holds, as a run."""
    project = moderated_project(request, slug, "manager")
    serializer = ModerationRunSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    run = queue_moderation(project=project, names=serializer.validated_data["checks"], created_by=request.user)
    execute_run.delay_on_commit(str(run.pk))
    return Response({"run": run.pk, "state": run.state}, status=status.HTTP_202_ACCEPTED)


def _shown(finding: ModerationFinding) -> dict[str, Any]:
    names = ("response", "comparison")
    return {
        "id": finding.pk,
        **{name: getattr(finding, f"{name}_id") for name in names},
        "message": finding.message,
        "check": finding.check_name,
        "reason": finding.reason,
        "severity": finding.severity,
        "start": finding.start,
        "end": finding.end,
        "figures": finding.figures,
        "decision": finding.state,
        "found_at": finding.found_at,
        "decided_at": finding.decided_at,
        "decided_by": finding.decided_by.pseudonym if finding.decided_by else None,
    }
