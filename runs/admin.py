"""Runs in the administration, to look at: they are changed by their services alone."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from runs.models import Run, RunMetric


class ReadOnly(admin.ModelAdmin):
    """Nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(ReadOnly):
    list_display = ("title", "kind", "state", "scope", "attempt", "created_at", "finished_at")
    list_filter = ("state", "kind", "scope")
    search_fields = ("title", "id")
    date_hierarchy = "created_at"


@admin.register(RunMetric)
class RunMetricAdmin(ReadOnly):
    list_display = ("run", "sequence", "attempt", "step", "recorded_at")
    list_select_related = ("run",)
    search_fields = ("run__title", "run__id")
    show_full_result_count = False
