"""Leases in admin: those held now, and all that one person ever held."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from config.administration.filters import ChoiceFilter
from config.administration.searches import number, uuid
from config.administration.shown import id_of
from labeling.admin.filters import ProjectFilter, person_filter
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.models import Assignment

State = Assignment.State
COMPARISON_ID = id_of("comparison", gettext_lazy("comparison"))


class StateFilter(ChoiceFilter):
    """Open ones have an index; what is closed is found by its annotator's."""

    column = "state"
    parameters = ("state",)
    needs = ("annotator",)
    needs_said = gettext_lazy("These are the open ones. Name an annotator to see theirs that are closed.")

    def choices_of(self, field: Any) -> Sequence[tuple[Any, Any]]:
        return State.choices


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    list_display = ("id", "project", COMPARISON_ID, "annotator", "state", "purpose", "expires_at", "closed_at")
    list_select_related = ("project", "annotator")
    list_filter = (ProjectFilter, person_filter("annotator", gettext_lazy("annotator")), StateFilter)
    searches = (uuid("pk"), number("comparison"))
    search_help_text = gettext_lazy("The id of an assignment or of a comparison.")
    ordering = ("-created_at", "-pk")
    fields = (
        "id",
        "project",
        "comparison",
        "annotator",
        "state",
        "purpose",
        "drawn_by",
        "takes_slot",
        "is_reopened",
        "skip_reason",
        "created_at",
        "expires_at",
        "closed_at",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Assignment]:
        rows = super().get_queryset(request)
        match = request.resolver_match
        is_list = match is not None and match.url_name == "labeling_assignment_changelist"
        is_narrowed = any(request.GET.get(name, "").strip() for name in ("annotator", "q"))
        return rows.filter(state=State.OPEN) if is_list and not is_narrowed else rows
