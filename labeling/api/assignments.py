"""Leasing a comparison and judging it, for scripts and for clients of their own."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.decorators import api_view, authentication_classes
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.api.authentication import LeaseTokenAuthentication
from labeling.errors import NotAMember
from labeling.models import Assignment, Project
from labeling.models import Response as ShownResponse
from labeling.reading import content_shown, lease_of, project_and_role
from labeling.services.assignments import lease_next, release, renew_lease, skip
from labeling.services.judgments import submit_and_lease, submit_judgment
from labeling.services.nothing import why_nothing
from labeling.verdicts import Verdict


class MessageSerializer(serializers.Serializer):
    role = serializers.CharField()
    content = serializers.CharField()


class ShownResponseSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=ShownResponse.Kind.choices)
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
    written = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=100_000,
        trim_whitespace=False,
        help_text="The demonstration asked for, or the best response improved.",
    )
    dwell_ms = serializers.IntegerField(required=False, allow_null=True, min_value=0, max_value=86_400_000)


# Made once: a serializer copies its fields when it is made, which costs more than a judgment's check.
JUDGMENT_SHAPE = JudgmentSerializer()


class StoredJudgmentSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    client_id = serializers.UUIDField()
    is_surplus = serializers.BooleanField()
    revision = serializers.IntegerField()


class JudgedSerializer(StoredJudgmentSerializer):
    """What came of a verdict; `next` stands in it only if it was asked for."""

    next = AssignmentSerializer(required=False, allow_null=True)


def shown_assignment(assignment: Assignment) -> dict[str, Any]:
    """The promised JSON of a lease, responses in the order drawn for it."""
    shown = content_shown(assignment)
    responses = [(pk, *shown.responses[pk]) for pk in assignment.shown_order]
    return {
        "id": str(assignment.pk),
        "expires_at": assignment.expires_at,
        "comparison": {
            "id": assignment.comparison_id,
            "prompt": shown.messages,
            "responses": [{"id": pk, "kind": kind, "content": text} for pk, kind, text in responses],
        },
    }


def lease_for(request: Request, pk: UUID) -> Assignment:
    """The caller's lease. Raises: Http404 for anybody else's."""
    person = request.user  # asked first: whoever comes with a token brings the lease along
    lease = request.lease if hasattr(request, "lease") else lease_of(person, pk)
    if lease is None:
        raise Http404
    return lease


@extend_schema(
    request=None,
    responses={
        201: AssignmentSerializer,
        204: OpenApiResponse(
            description="Nothing for you. The header X-Plumbline-Reason says why: not_qualified, daily_quota, "
            "allocation or nothing_left."
        ),
    },
)
@api_view(["POST"])
def next_assignment(request: Request, slug: str) -> Response:
    """Lease the next comparison for the caller; the one already held comes back, renewed."""
    found = project_and_role(request.user, slug)
    if found is None:
        raise Http404
    project, role = found
    if not role:
        raise NotAMember(_("Only members of this project judge in it. Ask a manager to add you."))
    assignment = lease_next(project=project, annotator=request.user)
    if assignment is None:
        return nothing_for(request, project, status.HTTP_204_NO_CONTENT)
    return Response(shown_assignment(assignment), status=status.HTTP_201_CREATED)


@extend_schema(
    request=JudgmentSerializer,
    parameters=[
        OpenApiParameter("next", bool, description="1: lease the next comparison too, and answer it as `next`.")
    ],
    responses={201: JudgedSerializer, 200: JudgedSerializer},
    # As everywhere; the schema does not know the class that reads both.
    auth=[{"token": []}, {"cookieAuth": []}],  # type: ignore[list-item]
)
@api_view(["POST"])
@authentication_classes([LeaseTokenAuthentication, SessionAuthentication])
def judge(request: Request, pk: UUID) -> Response:
    """Store the caller's verdict on a comparison leased to them: 201 stored, 200 the same again, 409 closed.

    With `?next=1` the answer carries the next comparison as well, or null and the header `X-Plumbline-Reason`.
    """
    assignment = lease_for(request, pk)
    data = JUDGMENT_SHAPE.run_validation(request.data)
    verdict, client_id = Verdict.from_payload(data), data["client_id"]
    asks_next = request.query_params.get("next") == "1"
    following = None
    if asks_next:
        submission, following = submit_and_lease(assignment=assignment, verdict=verdict, client_id=client_id)
    else:
        submission = submit_judgment(assignment=assignment, verdict=verdict, client_id=client_id)
    stored = submission.judgment
    code = status.HTTP_201_CREATED if submission.is_new else status.HTTP_200_OK
    answer: dict[str, Any] = {
        "id": stored.pk,
        "client_id": str(stored.client_id),
        "is_surplus": stored.is_surplus,
        "revision": stored.revision,
    }
    if not asks_next:
        return Response(answer, status=code)
    if following is None:
        return nothing_for(request, assignment.project, code, {**answer, "next": None})
    return Response({**answer, "next": shown_assignment(following)}, status=code)


def nothing_for(request: Request, project: Project, code: int, answer: dict[str, Any] | None = None) -> Response:
    """An answer without a comparison, which says why in a header."""
    return Response(answer, status=code, headers={"X-Plumbline-Reason": why_nothing(project, request.user).reason})


@extend_schema(
    request=None,
    responses={
        200: inline_serializer("Lease", {"id": serializers.UUIDField(), "expires_at": serializers.DateTimeField()})
    },
)
@api_view(["POST"])
def heartbeat(request: Request, pk: UUID) -> Response:
    """Keep a lease for another period."""
    assignment = renew_lease(assignment=lease_for(request, pk))
    return Response({"id": str(assignment.pk), "expires_at": assignment.expires_at})


@extend_schema(
    request=inline_serializer("Release", {"reason": serializers.CharField(required=False, allow_blank=True)}),
    responses={204: OpenApiResponse(description="Given back.")},
)
@api_view(["POST"])
def give_back(request: Request, pk: UUID) -> Response:
    """Give a lease back. With a reason it is skipped: others may get it, the caller will not see it again."""
    assignment = lease_for(request, pk)
    reason = str(request.data.get("reason", "")).strip()
    if reason:
        skip(assignment=assignment, reason=reason)
    else:
        release(assignment=assignment)
    return Response(status=status.HTTP_204_NO_CONTENT)
