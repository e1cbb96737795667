"""Leasing a comparison and judging it, for scripts and for clients of their own."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.errors import NotAMember
from labeling.models import Assignment
from labeling.queries import get_assignment_for, get_project_for, responses_as_shown
from labeling.services.assignments import lease_next, release, renew_lease, skip
from labeling.services.judgments import submit_judgment
from labeling.verdicts import Verdict


class MessageSerializer(serializers.Serializer):
    role = serializers.CharField()
    content = serializers.CharField()


class ShownResponseSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    content = serializers.CharField()


class ShownComparisonSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    prompt = MessageSerializer(many=True)
    responses = ShownResponseSerializer(many=True)


class AssignmentSerializer(serializers.Serializer):
    """What an annotator may know: no policy, no score, no one else's answer."""

    id = serializers.UUIDField()
    expires_at = serializers.DateTimeField()
    comparison = ShownComparisonSerializer()


class JudgmentSerializer(serializers.Serializer):
    """The shape of a verdict; what it must fit is checked by the service."""

    client_id = serializers.UUIDField()
    ranking = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), allow_empty=True), required=False, max_length=100
    )
    strength = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=3)
    all_bad = serializers.BooleanField(required=False, default=False)
    ratings = serializers.DictField(child=serializers.DictField(child=serializers.FloatField()), required=False)
    flags = serializers.ListField(child=serializers.CharField(max_length=60), required=False, max_length=20)
    reason = serializers.CharField(required=False, allow_blank=True, max_length=20_000, trim_whitespace=False)
    dwell_ms = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=86_400_000)


class StoredJudgmentSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    client_id = serializers.UUIDField()
    is_surplus = serializers.BooleanField()
    revision = serializers.IntegerField()


def shown_assignment(assignment: Assignment) -> dict[str, Any]:
    """The promised JSON of a lease, responses in the order drawn for it."""
    return {
        "id": str(assignment.pk),
        "expires_at": assignment.expires_at,
        "comparison": {
            "id": assignment.comparison_id,
            "prompt": assignment.comparison.prompt.messages,
            "responses": [{"id": item.pk, "content": item.content} for item in responses_as_shown(assignment)],
        },
    }


@extend_schema(request=None, responses={201: AssignmentSerializer, 204: OpenApiResponse(description="Nothing left.")})
@api_view(["POST"])
def next_assignment(request: Request, slug: str) -> Response:
    """Lease the next comparison for the caller; the one already held comes back, renewed."""
    project = get_project_for(request.user, slug)
    if not request.user.works_in(slug):
        raise NotAMember("Only members of this project judge in it. Ask a manager to add you.")
    assignment = lease_next(project=project, annotator=request.user)
    if assignment is None:
        return Response(status=status.HTTP_204_NO_CONTENT)
    return Response(shown_assignment(assignment), status=status.HTTP_201_CREATED)


@extend_schema(request=JudgmentSerializer, responses={201: StoredJudgmentSerializer, 200: StoredJudgmentSerializer})
@api_view(["POST"])
def judge(request: Request, pk: UUID) -> Response:
    """Store the caller's verdict on a comparison leased to them: 201 stored, 200 the same again, 409 closed."""
    assignment = get_assignment_for(request.user, pk)
    serializer = JudgmentSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    data = serializer.validated_data
    submission = submit_judgment(assignment=assignment, verdict=Verdict.from_payload(data), client_id=data["client_id"])
    stored = submission.judgment
    return Response(
        {
            "id": stored.pk,
            "client_id": str(stored.client_id),
            "is_surplus": stored.is_surplus,
            "revision": stored.revision,
        },
        status=status.HTTP_201_CREATED if submission.is_new else status.HTTP_200_OK,
    )


@extend_schema(
    request=None,
    responses={
        200: inline_serializer("Lease", {"id": serializers.UUIDField(), "expires_at": serializers.DateTimeField()})
    },
)
@api_view(["POST"])
def heartbeat(request: Request, pk: UUID) -> Response:
    """Keep a lease for another period."""
    assignment = renew_lease(assignment=get_assignment_for(request.user, pk))
    return Response({"id": str(assignment.pk), "expires_at": assignment.expires_at})


@extend_schema(
    request=inline_serializer("Release", {"reason": serializers.CharField(required=False, allow_blank=True)}),
    responses={204: OpenApiResponse(description="Given back.")},
)
@api_view(["POST"])
def give_back(request: Request, pk: UUID) -> Response:
    """Give a lease back. With a reason it is skipped: others may get it, the caller will not see it again."""
    assignment = get_assignment_for(request.user, pk)
    reason = str(request.data.get("reason", "")).strip()
    if reason:
        skip(assignment=assignment, reason=reason)
    else:
        release(assignment=assignment)
    return Response(status=status.HTTP_204_NO_CONTENT)
