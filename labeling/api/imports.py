"""Sending a file in, and hearing what became of each of its rows."""

from typing import Any
from uuid import UUID

from django.http import FileResponse, Http404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import api_view, parser_classes
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from config.api import CursorPagination
from labeling.api.access import data_project
from labeling.downloads import rejected_file
from labeling.models import ImportBatch, Project
from labeling.services.imports import AUTO, counts_of, rejected_path
from labeling.services.rejects import read_rejects
from labeling.services.uploads import (
    MAPPING_BYTES,
    check_upload_size,
    queue_fetched_import,
    queue_sent_import,
    read_mapping,
)
from runs.tasks import execute_run

SHOWN_REJECTS = 100
FORM_BYTES = 64 * 1024  # what a multipart body adds to its file


class UploadSerializer(serializers.Serializer):
    file = serializers.FileField(allow_empty_file=True, required=False)
    source = serializers.CharField(  # type: ignore[assignment]  # a field's own `source` is another matter
        max_length=500,
        required=False,
        help_text="In place of a file: hub:OWNER/NAME of the Hugging Face hub, or storage:PATH.",
    )
    format = serializers.CharField(max_length=40, default=AUTO)
    mapping = serializers.FileField(
        required=False,
        help_text="TOML or JSON that says which columns of any table hold what; it replaces `format`.",
    )
    # Left out means yes; without allow_null a form that leaves it out would mean no.
    people_judge_again = serializers.BooleanField(
        allow_null=True, default=None, help_text="Put rows that bring a judgment before people as well (default)."
    )
    all_or_nothing = serializers.BooleanField(
        default=False, help_text="Import nothing if any row cannot be taken; the file is then read twice."
    )

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        if ("file" in sent) == ("source" in sent):
            raise serializers.ValidationError({"file": _("Send either a file or a source.")})
        return sent


class RejectSerializer(serializers.Serializer):
    line = serializers.IntegerField()
    reason = serializers.CharField()
    message = serializers.CharField()


class ImportSerializer(serializers.Serializer):
    """An import and its counts: rows = accepted + rejected + unchanged. Its id is that of its run."""

    id = serializers.UUIDField()
    run = serializers.UUIDField()
    state = serializers.CharField()
    error = serializers.CharField()
    file_name = serializers.CharField()
    file_sha256 = serializers.CharField()
    format = serializers.CharField()
    rows = serializers.IntegerField()
    accepted = serializers.IntegerField()
    rejected = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    total_rows = serializers.IntegerField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    rejected_rows = RejectSerializer(many=True, required=False)


def shown(batch: ImportBatch, *, with_rejects: bool = False) -> dict[str, Any]:
    """The JSON of an import; with the first hundred rejected rows, if asked."""
    run = batch.run
    answer = {
        "id": batch.run_id,
        "run": batch.run_id,
        "state": run.state if run else "succeeded",
        "error": run.error if run else "",
        "file_name": batch.file_name,
        "file_sha256": batch.file_sha256,
        "format": batch.format,
        **counts_of(batch),
        "total_rows": run.progress_total if run else batch.rows,
        "created_at": batch.created_at,
        "finished_at": batch.finished_at,
    }
    if with_rejects:
        answer["rejected_rows"] = list(read_rejects(rejected_path(batch), limit=SHOWN_REJECTS))
    return answer


@extend_schema(methods=["GET"], responses=ImportSerializer(many=True))
@extend_schema(
    methods=["POST"],
    request={"multipart/form-data": UploadSerializer},
    responses={202: ImportSerializer, 413: OpenApiResponse(description="Larger than PLUMBLINE_UPLOAD_LIMIT_BYTES.")},
)
@api_view(["GET", "POST"])
@parser_classes([MultiPartParser])
def imports(request: Request, slug: str) -> Response:
    """GET: the project's imports, newest first. POST: send a file, 202 a run that reads it."""
    if request.method == "POST":
        return _send(request, slug)
    project = data_project(request, slug)
    pages = CursorPagination()
    batches = ImportBatch.objects.filter(project=project, run__isnull=False).select_related("run")
    page = pages.paginate_queryset(batches, request)
    return pages.get_paginated_response([shown(batch) for batch in page or []])


def _send(request: Request, slug: str) -> Response:
    project = data_project(request, slug)
    check_upload_size(int(request.META.get("CONTENT_LENGTH") or 0) - FORM_BYTES)  # before the body is read
    serializer = UploadSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    sent = serializer.validated_data
    mapping = read_mapping(sent["mapping"].read(MAPPING_BYTES + 1)) if "mapping" in sent else None
    options: dict[str, Any] = {
        "project": project,
        "format": sent["format"],
        "mapping": mapping,
        "people_judge_again": sent["people_judge_again"] is not False,
        "all_or_nothing": sent["all_or_nothing"],
        "created_by": request.user,
    }
    if "source" in sent:
        batch = queue_fetched_import(source=sent["source"], **options)
    else:
        batch = queue_sent_import(sent["file"].chunks(), file_name=sent["file"].name, **options)
    execute_run.delay_on_commit(str(batch.run_id))
    return Response(shown(batch), status=status.HTTP_202_ACCEPTED)


@extend_schema(responses=ImportSerializer)
@api_view(["GET"])
def one_import(request: Request, slug: str, pk: UUID) -> Response:
    """How far an import is, its counts, and the first hundred rows it rejected, by line."""
    return Response(shown(_batch(data_project(request, slug), pk), with_rejects=True))


@extend_schema(responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY})
@api_view(["GET"])
def rejected(request: Request, slug: str, pk: UUID) -> FileResponse:
    """Every rejected row with its line number, the reason and the row itself, as JSONL."""
    return rejected_file(_batch(data_project(request, slug), pk))


def _batch(project: Project, pk: UUID) -> ImportBatch:
    batch = ImportBatch.objects.select_related("run").filter(project=project, run_id=pk).first()
    if batch is None:
        raise Http404(_("This project has no such import."))
    return batch
