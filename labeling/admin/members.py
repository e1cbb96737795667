"""Who may do what in a project, and by which guidelines they judge."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from config.administration.filters import choice
from config.administration.searches import number
from config.administration.shown import as_text
from labeling.admin.filters import ProjectFilter, person, person_filter
from labeling.admin.read_only import ReadOnlyAdmin
from labeling.models import GuidelineVersion, Membership


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("person", "project", "role", "daily_quota", "allocation", "created_at")
    list_select_related = ("person", "project")
    list_filter = (ProjectFilter, person_filter("person", gettext_lazy("person")), choice("role", needs=("project",)))
    searches = (person("person"),)
    search_help_text = gettext_lazy("A person's whole pseudonym or e-mail address.")
    fields = ("person", "project", "role", "daily_quota", "allocation", "created_at")


@admin.register(GuidelineVersion)
class GuidelineVersionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "project", "number", "created_at")
    list_select_related = ("project",)
    list_filter = (ProjectFilter,)
    searches = (number("pk"),)
    search_help_text = gettext_lazy("The id of a version.")
    fields = ("project", "number", "wording", "created_at")

    @admin.display(description=gettext_lazy("wording"))
    def wording(self, version: GuidelineVersion) -> SafeString | str:
        return as_text(version.text)
