"""A project's quality for scripts: what was measured last, and measuring anew."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from labeling.errors import NotAMember
from labeling.models import Project, QualityReport
from labeling.queries import get_project_for
from labeling.services.quality import (
    OTHER_SOURCES,
    compute_report,
    get_report,
    is_small,
    newer_judgments,
    queue_report,
    sources_with,
)
from labeling.views.access import OVERSEERS, role_of
from runs.tasks import execute_run


class QualityReportSerializer(serializers.Serializer):
    computed_at = serializers.DateTimeField(help_text="Judgments up to this moment are in it.")
    judgments = serializers.IntegerField()
    newer_judgments = serializers.IntegerField(help_text="That came since; counted up to 1,000.")
    sources = serializers.ListField(child=serializers.CharField(), help_text="Whose judgments.")
    version = serializers.IntegerField(help_text="Of the shape of what follows.")
    result = serializers.DictField(
        help_text="Counts, agreement, shares, audits. A figure is {value, low, high, n}, or {because} if there is none."
    )
    annotators = serializers.DictField(help_text="The figures of each annotator, by pseudonym.")


class QueuedQualitySerializer(serializers.Serializer):
    run = serializers.UUIDField()
    state = serializers.CharField()


with_sources = OpenApiParameter(
    "with", enum=list(OTHER_SOURCES), many=True, description="Whose judgments besides those of people."
)


@extend_schema(methods=["GET"], parameters=[with_sources], responses=QualityReportSerializer)
@extend_schema(
    methods=["POST"],
    parameters=[with_sources],
    request=None,
    responses={200: QualityReportSerializer, 202: QueuedQualitySerializer},
)
@api_view(["GET", "POST"])
def quality(request: Request, slug: str) -> Response:
    """GET: what was measured last; 404 `not_measured` for a large project that never was. POST: measure anew.

    200 the figures · 202 a run, for a project too large to wait for.
    """
    project = overseen_project(request, slug)
    sources = sources_with(request.query_params.getlist("with"))
    if request.method == "GET":
        return Response(shown(get_report(project, sources)))
    if is_small(project):
        return Response(shown(compute_report(project=project, sources=sources)))
    run = queue_report(project=project, sources=sources, created_by=request.user)
    execute_run.delay_on_commit(str(run.pk))
    return Response({"run": run.pk, "state": run.state}, status=status.HTTP_202_ACCEPTED)


def overseen_project(request: Request, slug: str) -> Project:
    """The project under that slug, for its reviewers and managers and for engineers. Raises: Http404; NotAMember."""
    project = get_project_for(request.user, slug)
    if role_of(request.user, project) not in OVERSEERS:
        raise NotAMember(_("Only reviewers and managers of this project and engineers see its quality."))
    return project


def shown(report: QualityReport) -> dict[str, Any]:
    """A report as the API and the command tell it."""
    return {
        "computed_at": report.computed_at,
        "judgments": report.judgments,
        "newer_judgments": newer_judgments(report),
        "sources": report.sources.split(","),
        "version": report.version,
        "result": report.result,
        "annotators": report.annotators,
    }
