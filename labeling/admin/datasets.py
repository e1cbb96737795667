"""Imports and snapshots in admin: looked at, and snapshots exported."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from config.administration.filters import time
from config.administration.searches import beginning, exactly, uuid
from config.administration.shown import as_json, link
from labeling.admin.exporting import ExportForm, export_actions
from labeling.admin.filters import ProjectFilter
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.models import ImportBatch, Snapshot


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
    list_filter = (ProjectFilter, time("created_at"))
    list_select_related = ("project",)
    searches = (beginning("file_name"), exactly("file_sha256"))
    search_help_text = gettext_lazy("How a file's name begins, or its whole sha256.")


def itself(snapshot: Snapshot) -> Snapshot:
    return snapshot


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    list_display = ("content_sha256_start", "project", "name", "comparisons", "judgments", "created_at")
    list_filter = (ProjectFilter, time("created_at"))
    list_select_related = ("project",)
    ordering = ("-created_at", "-pk")
    searches = (uuid("pk"), beginning("content_sha256"), beginning("name"))
    search_help_text = gettext_lazy("An id, how the sha256 of the content begins, or how the name begins.")
    action_form = ExportForm
    actions = export_actions(itself, several=gettext_lazy("Select one snapshot to export."))
    fields = (
        "page",
        "project",
        "name",
        "content_sha256",
        "file_sha256",
        "file",
        "what_is_in_it",
        "created_by",
        "created_at",
    )

    @admin.display(description=gettext_lazy("content"))
    def content_sha256_start(self, snapshot: Snapshot) -> str:
        return snapshot.content_sha256[:12]

    @admin.display(description=gettext_lazy("comparisons"))
    def comparisons(self, snapshot: Snapshot) -> Any:
        return snapshot.manifest["counts"]["comparisons"]

    @admin.display(description=gettext_lazy("judgments"))
    def judgments(self, snapshot: Snapshot) -> Any:
        return snapshot.manifest["counts"]["judgments"]

    @admin.display(description=gettext_lazy("page"))
    def page(self, snapshot: Snapshot) -> SafeString:
        address = reverse("labeling-snapshot", args=[snapshot.project.slug, snapshot.pk])
        return link(address, snapshot.content_sha256[:12])

    @admin.display(description=gettext_lazy("manifest"))
    def what_is_in_it(self, snapshot: Snapshot) -> SafeString | str:
        return as_json(snapshot.manifest)
