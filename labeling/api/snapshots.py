"""Freezing what was judged, and taking it out in a format."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import Http404, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.api import CursorPagination
from labeling.api.access import data_project
from labeling.api.snapshot_requests import RULES, PreviewSerializer, SnapshotRequestSerializer, request_of
from labeling.downloads import ZIP, streamed, streamed_folder
from labeling.models import Project, Snapshot
from labeling.services.dataset_folder import CONTAINERS, prepare_folder
from labeling.services.exports import (
    DEFAULT_CONTAINER,
    Export,
    prepare_export,
    report_export,
    writable_containers,
    writable_formats,
    writable_media_types,
)
from labeling.services.snapshots import freeze_snapshot, is_large, pair_rules, preview_snapshot, queue_snapshot
from preferences.pairs import PairRules
from preferences.splits import SPLITS
from runs.tasks import execute_run


class SnapshotSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    sha256 = serializers.CharField()
    file_sha256 = serializers.CharField()
    name = serializers.CharField()
    created_at = serializers.DateTimeField()
    manifest = serializers.DictField()


class QueuedSnapshotSerializer(serializers.Serializer):
    run = serializers.UUIDField()
    state = serializers.CharField()


class ExportReportSerializer(serializers.Serializer):
    snapshot = serializers.UUIDField()
    format = serializers.CharField()
    split = serializers.CharField(allow_null=True)
    rows = serializers.IntegerField()
    dropped = serializers.DictField(child=serializers.IntegerField())
    not_held = serializers.CharField()


def shown(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "id": snapshot.pk,
        "sha256": snapshot.content_sha256,
        "file_sha256": snapshot.file_sha256,
        "name": snapshot.name,
        "created_at": snapshot.created_at,
        "manifest": snapshot.manifest,
    }


@extend_schema(methods=["GET"], responses=SnapshotSerializer(many=True))
@extend_schema(
    methods=["POST"],
    request=SnapshotRequestSerializer,
    responses={201: SnapshotSerializer, 200: SnapshotSerializer, 202: QueuedSnapshotSerializer},
)
@api_view(["GET", "POST"])
def snapshots(request: Request, slug: str) -> Response:
    """GET: the project's snapshots, newest first. POST: freeze what stands now.

    201 a new snapshot · 200 the one that has this content already · 202 a run, for a project too large to wait for.
    """
    project = data_project(request, slug)
    if request.method == "POST":
        return _freeze(request, project)
    pages = CursorPagination()
    pages.ordering = "-created_at"
    page = pages.paginate_queryset(Snapshot.objects.filter(project=project), request)
    return pages.get_paginated_response([shown(snapshot) for snapshot in page or []])


def _freeze(request: Request, project: Project) -> Response:
    asked = request_of(request)
    if is_large(project):
        run = queue_snapshot(project=project, request=asked, created_by=request.user)
        execute_run.delay_on_commit(str(run.pk))
        return Response({"run": run.pk, "state": run.state}, status=status.HTTP_202_ACCEPTED)
    frozen = freeze_snapshot(project=project, request=asked, created_by=request.user)
    return Response(shown(frozen.snapshot), status=status.HTTP_201_CREATED if frozen.is_new else status.HTTP_200_OK)


@extend_schema(request=SnapshotRequestSerializer, responses=PreviewSerializer)
@api_view(["POST"])
def preview(request: Request, slug: str) -> Response:
    """What the same request would freeze, by count; nothing is frozen. A large project is estimated from a part."""
    project = data_project(request, slug)
    return Response(preview_snapshot(project=project, request=request_of(request)).to_dict())


@extend_schema(responses=SnapshotSerializer)
@api_view(["GET"])
def one_snapshot(request: Request, slug: str, pk: UUID) -> Response:
    """One snapshot with its manifest."""
    return Response(shown(_snapshot(data_project(request, slug), pk)))


class IgnoreFormatParameter(DefaultContentNegotiation):
    """Here `?format=` names the format of the dataset, not of the response."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type


format_parameter = OpenApiParameter("format", required=True, enum=writable_formats(), description="What a row means.")
rule_parameters = [OpenApiParameter(name, description="Pair rule; the manifest's by default.") for name in RULES]
export_parameters = [
    format_parameter,
    OpenApiParameter(
        "container",
        enum=writable_containers(),
        default=DEFAULT_CONTAINER,
        description="The kind of file the rows are in, and what packs it.",
    ),
    OpenApiParameter("split", enum=list(SPLITS)),
    *rule_parameters,
]
folder_parameters = [
    format_parameter,
    OpenApiParameter(
        "container", enum=CONTAINERS, default=CONTAINERS[0], description="The kind of file of each split."
    ),
    OpenApiParameter("license", description="For the card, as the hub names licences."),
    *rule_parameters,
]


class ExportView(APIView):
    """The dataset as a file, streamed: its first bytes leave at once, and memory stays what it was."""

    content_negotiation_class = IgnoreFormatParameter

    @extend_schema(
        parameters=export_parameters,
        responses={(200, media_type): OpenApiTypes.BINARY for media_type in writable_media_types()},
    )
    def get(self, request: Request, slug: str, pk: UUID) -> StreamingHttpResponse:
        return streamed(_export(request, slug, pk))


class ExportReportView(APIView):
    """What the same export writes and drops, as JSON: a stream cannot say it at its end."""

    content_negotiation_class = IgnoreFormatParameter

    @extend_schema(parameters=export_parameters, responses=ExportReportSerializer)
    def get(self, request: Request, slug: str, pk: UUID) -> Response:
        return Response(report_export(_export(request, slug, pk)))


class FolderView(APIView):
    """The folder that `datasets.load_dataset` takes, a file a split and a card, as a ZIP archive; streamed."""

    content_negotiation_class = IgnoreFormatParameter

    @extend_schema(parameters=folder_parameters, responses={(200, ZIP): OpenApiTypes.BINARY})
    def get(self, request: Request, slug: str, pk: UUID) -> StreamingHttpResponse:
        snapshot = _snapshot(data_project(request, slug), pk)
        asked = request.query_params
        folder = prepare_folder(
            snapshot=snapshot,
            format=asked.get("format", ""),
            container=asked.get("container") or CONTAINERS[0],
            license=asked.get("license") or "unknown",
            rules=_rules(request, snapshot),
        )
        return streamed_folder(folder)


def _export(request: Request, slug: str, pk: UUID) -> Export:
    snapshot = _snapshot(data_project(request, slug), pk)
    asked = request.query_params
    return prepare_export(
        snapshot=snapshot,
        format=asked.get("format", ""),
        container=asked.get("container") or DEFAULT_CONTAINER,
        split=asked.get("split") or None,
        rules=_rules(request, snapshot),
    )


def _rules(request: Request, snapshot: Snapshot) -> PairRules:
    """The manifest's rules, but for those that the address names."""
    given = {name: request.query_params[name] for name in RULES if name in request.query_params}
    return pair_rules(given, PairRules.from_dict(snapshot.manifest["rules"]))


def _snapshot(project: Project, pk: UUID) -> Snapshot:
    snapshot = Snapshot.objects.filter(project=project, pk=pk).select_related("project").first()
    if snapshot is None:
        raise Http404
    return snapshot
