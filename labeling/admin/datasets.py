"""Imports and snapshots in admin: looked at, and snapshots exported."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from labeling.admin.read_only import ReadOnlyAdmin
from labeling.downloads import streamed
from labeling.errors import LabelingError
from labeling.models import ImportBatch, Snapshot
from labeling.services.exports import DEFAULT_CONTAINER, prepare_export, writable_containers, writable_formats

Action = Callable[["SnapshotAdmin", HttpRequest, QuerySet[Snapshot]], StreamingHttpResponse | None]


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    list_display = (
        "file_name",
        "project",
        "format",
        "rows",
        "accepted",
        "rejected",
        "unchanged",
        "created_at",
        "finished_at",
    )
    list_filter = ("project", "format")
    list_select_related = ("project",)
    search_fields = ("file_name", "file_sha256")


def export_action(format: str) -> Action:
    """An admin action that streams the one selected snapshot in a format, in the container that its form names."""

    def export(
        modeladmin: "SnapshotAdmin", request: HttpRequest, queryset: QuerySet[Snapshot]
    ) -> StreamingHttpResponse | None:
        chosen = list(queryset.select_related("project")[:2])
        if len(chosen) != 1:
            modeladmin.message_user(request, _("Select one snapshot to export."), messages.WARNING)
            return None
        try:
            container = request.POST.get("container") or DEFAULT_CONTAINER
            return streamed(prepare_export(snapshot=chosen[0], format=format, container=container))
        except LabelingError as problem:
            modeladmin.message_user(request, str(problem), messages.ERROR)
            return None

    export.__name__ = f"export_{format.replace('-', '_')}"
    export.short_description = format_lazy(gettext_lazy("Export as {format}"), format=format)  # type: ignore[attr-defined]
    return export


class ExportForm(ActionForm):
    """What stands beside the list of actions: which kind of file an export makes."""

    container = forms.ChoiceField(
        label=gettext_lazy("File"), required=False, choices=[(name, f".{name}") for name in writable_containers()]
    )


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ("content_sha256_start", "project", "name", "comparisons", "judgments", "created_at")
    list_filter = ("project",)
    list_select_related = ("project",)
    search_fields = ("content_sha256", "name")
    action_form = ExportForm
    actions = [export_action(format) for format in writable_formats()]

    @admin.display(description=gettext_lazy("content"))
    def content_sha256_start(self, snapshot: Snapshot) -> str:
        return snapshot.content_sha256[:12]

    @admin.display(description=gettext_lazy("comparisons"))
    def comparisons(self, snapshot: Snapshot) -> Any:
        return snapshot.manifest["counts"]["comparisons"]

    @admin.display(description=gettext_lazy("judgments"))
    def judgments(self, snapshot: Snapshot) -> Any:
        return snapshot.manifest["counts"]["judgments"]
