"""The review queue for scripts: what waits and why, accepting it, and sending a judgment back."""

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from config.query_strings import number_in
from labeling.errors import NotAMember
from labeling.models import Comparison, Judgment, Project, Review, ReviewItem
from labeling.queries import get_project_for
from labeling.reviewing import Entry, Filter, queue_page, says
from labeling.services.examination import WHILE_SOMEBODY_WAITS, examine_new
from labeling.services.reviews import MAX_COMMENT_CHARACTERS, accept, return_judgment, seen_state
from labeling.views.access import role_of

REVIEWERS = ("reviewer", "manager")


class ReviewItemSerializer(serializers.Serializer):
    judgment = serializers.IntegerField()
    annotator = serializers.CharField(help_text="A pseudonym.")
    reason = serializers.ChoiceField(ReviewItem.Reason.values)
    sign = serializers.ChoiceField(ReviewItem.Sign.values)
    says = serializers.CharField()


class ReviewEntrySerializer(serializers.Serializer):
    comparison = serializers.IntegerField()
    seen = serializers.CharField(help_text="How it stands; send it back with what you decide.")
    items = ReviewItemSerializer(many=True)


class ReviewQueueSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    results = ReviewEntrySerializer(many=True)


class AcceptSerializer(serializers.Serializer):
    seen = serializers.CharField(required=False, allow_null=True, default=None, max_length=60)


class ReturnSerializer(AcceptSerializer):
    judgment = serializers.IntegerField()
    comment = serializers.CharField(max_length=MAX_COMMENT_CHARACTERS, allow_blank=True)


class StoredReviewSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    judgment = serializers.IntegerField()
    outcome = serializers.ChoiceField(Review.Outcome.values)
    comment = serializers.CharField()


class StoredReviewsSerializer(serializers.Serializer):
    reviews = StoredReviewSerializer(many=True)


def reviewed_project(request: Request, slug: str) -> Project:
    """The project under that slug, for its reviewers and managers. Raises: Http404; NotAMember."""
    project = get_project_for(request.user, slug)
    if role_of(request.user, project) not in REVIEWERS:
        raise NotAMember(_("Only reviewers and managers of this project review. Ask a manager."))
    return project


@extend_schema(
    parameters=[
        OpenApiParameter("reason", enum=ReviewItem.Reason.values),
        OpenApiParameter("annotator", description="A pseudonym."),
        OpenApiParameter("after", int, description="The comparison after which the page begins."),
    ],
    responses=ReviewQueueSerializer,
)
@api_view(["GET"])
def queue(request: Request, slug: str) -> Response:
    """The comparisons that need a reviewer, each with the reasons why, 25 a page."""
    project = reviewed_project(request, slug)
    examine_new(project=project, limit=WHILE_SOMEBODY_WAITS)
    after = request.query_params.get("after", "")
    page = queue_page(
        project,
        Filter.from_query(request.query_params, reason="reason"),
        after=number_in(after) or 0,
    )
    address = request.build_absolute_uri()
    return Response(
        {
            "next": replace_query_param(address, "after", page.after) if page.after else None,
            "results": [_entry(entry) for entry in page.entries],
        }
    )


@extend_schema(request=AcceptSerializer, responses=StoredReviewsSerializer)
@api_view(["POST"])
def accept_judgments(request: Request, slug: str, pk: int) -> Response:
    """Let the judgments of a comparison stand. 409 when somebody did something to it since `seen`."""
    comparison = _comparison(reviewed_project(request, slug), pk)
    serializer = AcceptSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    reviews = accept(comparison=comparison, reviewer=request.user, seen=serializer.validated_data["seen"])
    return Response({"reviews": [_stored(review) for review in reviews]})


@extend_schema(request=ReturnSerializer, responses=StoredReviewsSerializer)
@api_view(["POST"])
def return_to_annotator(request: Request, slug: str, pk: int) -> Response:
    """Send one judgment back with a comment that its annotator sees. 409 as for accepting."""
    comparison = _comparison(reviewed_project(request, slug), pk)
    serializer = ReturnSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    wanted = serializer.validated_data
    judgment = Judgment.objects.filter(comparison=comparison, pk=wanted["judgment"]).first()
    if judgment is None:
        raise Http404
    review = return_judgment(judgment=judgment, reviewer=request.user, comment=wanted["comment"], seen=wanted["seen"])
    return Response({"reviews": [_stored(review)]})


def _comparison(project: Project, pk: int) -> Comparison:
    found = Comparison.objects.filter(project=project, pk=pk).first()
    if found is None:
        raise Http404
    return found


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "comparison": entry.comparison.pk,
        "seen": seen_state(entry.comparison),
        "items": [
            {
                "judgment": item.judgment_id,
                "annotator": item.annotator.pseudonym,
                "reason": item.reason,
                "sign": item.sign,
                "says": says(item),
            }
            for item in entry.items
        ],
    }


def _stored(review: Review) -> dict[str, Any]:
    return {
        "id": review.pk,
        "judgment": review.judgment_id,
        "outcome": review.outcome,
        "comment": review.comment,
    }
