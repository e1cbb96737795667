"""Projects in admin: an owner may rename or archive one."""

from django.contrib import admin
from django.http import HttpRequest

from labeling.models import Project


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("name", "slug", "judgments_per_comparison", "is_archived", "created_at")
    list_filter = ("is_archived",)
    search_fields = ("name", "slug")
    readonly_fields = ("slug", "created_by", "created_at")
    fields = (
        "name",
        "slug",
        "description",
        "judgments_per_comparison",
        "lease_seconds",
        "daily_quota",
        "is_archived",
        "created_by",
        "created_at",
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a project is made with its instrument and guidelines, on its own page

    def has_delete_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        return False  # judgments hang on it
