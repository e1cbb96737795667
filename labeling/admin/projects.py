"""Projects in admin: an owner renames or archives one, and exports what it last froze."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.administration.actions import confirmed
from config.administration.filters import ChoiceFilter
from config.administration.lists import FlatAdmin
from config.administration.searches import beginning
from labeling.admin.exporting import ExportForm, export_actions, newest_snapshot
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.models import Assignment, Comparison, ImportBatch, Judgment, Membership, Project, Review, Snapshot
from labeling.services.projects import update_project

LISTS_OF_A_PROJECT = (Comparison, Assignment, Judgment, Review, Membership, ImportBatch, Snapshot)


class ArchivedFilter(ChoiceFilter):
    title = gettext_lazy("archive")
    column = "is_archived"
    parameters = ("is_archived",)

    def choices_of(self, field: Any) -> list[tuple[Any, Any]]:
        return [(False, _("in use")), (True, _("archived"))]


@admin.register(Project)
class ProjectAdmin(FlatAdmin):
    list_display = ("name", "slug", "judgments_per_comparison", "is_archived", "created_at")
    list_filter = (ArchivedFilter,)
    searches = (beginning("slug"), beginning("name"))
    search_help_text = gettext_lazy("How a slug or a name begins.")
    readonly_fields = ("slug", "is_archived", "created_by", "created_at", "its_lists")
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
        "its_lists",
    )
    action_form = ExportForm
    actions = [
        "archive",
        "bring_back",
        *export_actions(newest_snapshot, several=gettext_lazy("Select one project to export its newest snapshot.")),
    ]
    why_not_added = gettext_lazy("A project is made with its instrument and guidelines, on its own page.")
    why_not_deleted = ReadOnlyAdmin.why_not_deleted

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Project | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Project, form: Any, change: bool) -> None:
        update_project(project=obj, **{name: form.cleaned_data[name] for name in form.changed_data})

    @admin.display(description=gettext_lazy("its rows"))
    def its_lists(self, project: Project) -> SafeString:
        metas = [model._meta for model in LISTS_OF_A_PROJECT]
        lists = [(reverse(f"admin:labeling_{meta.model_name}_changelist"), meta.verbose_name_plural) for meta in metas]
        links = ((address, project.slug, name) for address, name in lists)
        return format_html_join(" · ", '<a href="{}?project={}">{}</a>', links)

    @confirmed(
        label=gettext_lazy("Archive: nobody sees or judges it any more"),
        question=gettext_lazy(
            "These projects will leave everybody's pages, and nobody judges in them any more. "
            "All that was judged stays, and they can be brought back."
        ),
        done=gettext_lazy("%(row)s is archived."),
    )
    def archive(self, request: HttpRequest, project: Any) -> None:
        update_project(project=project, is_archived=True)

    @confirmed(
        label=gettext_lazy("Bring back from the archive"),
        question=gettext_lazy("These projects will be back on the pages of their members."),
        done=gettext_lazy("%(row)s is back."),
    )
    def bring_back(self, request: HttpRequest, project: Any) -> None:
        update_project(project=project, is_archived=False)
