"""Policies in Django admin: to look at. They are made by runs and never edited."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from config.administration.filters import choice
from config.administration.lists import ReadOnlyAdmin
from config.administration.searches import beginning, exactly, number
from config.administration.shown import as_json
from finetuning.models import Generation, Policy


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ("name", "method", "parent", "reward_model", "created_at")
    list_select_related = ("parent", "reward_model")
    list_filter = (choice("method"),)
    searches = (beginning("name"), exactly("digest"))
    search_help_text = gettext_lazy("How a name begins, or a whole digest.")
    fields = (
        "name",
        "method",
        "parent",
        "reference",
        "reward_model",
        "snapshot",
        "run",
        "directory",
        "digest",
        "set",
        "measured",
        "created_at",
    )

    @admin.display(description=gettext_lazy("config"))
    def set(self, policy: Policy) -> SafeString | str:
        return as_json(policy.config)

    @admin.display(description=gettext_lazy("metrics"))
    def measured(self, policy: Policy) -> SafeString | str:
        return as_json(policy.metrics)


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    list_display = ("policy", "against", "project", "prompts", "comparisons", "identical", "created_at")
    list_select_related = ("policy", "against", "project")
    searches = (number("pk"), exactly("policy__name"))
    search_help_text = gettext_lazy("An id, or a policy's whole name.")
