"""What moderation found, in admin: looked at; the project's own page is where it is decided."""

from django.contrib import admin
from django.utils.translation import gettext_lazy

from config.administration.filters import choice
from config.administration.shown import id_of
from labeling.admin.filters import ProjectFilter
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.models import ModerationFinding

COMPARISON_ID = id_of("comparison", gettext_lazy("comparison"))


@admin.register(ModerationFinding)
class ModerationFindingAdmin(ReadOnlyAdmin):
    list_display = ("project", "check_name", "reason", "severity", "state", COMPARISON_ID, "found_at", "decided_by")
    list_filter = (ProjectFilter, choice("state", needs=("project",)))
    list_select_related = ("project", "decided_by")
