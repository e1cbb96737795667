"""Policies in Django admin: to look at. They are made by runs and never edited."""

from django.contrib import admin

from finetuning.models import Generation, Policy
from rewardmodel.admin import ReadOnlyAdmin


@admin.register(Policy)
class PolicyAdmin(ReadOnlyAdmin):
    list_display = ("name", "method", "parent", "reward_model", "created_at")
    search_fields = ("name", "digest")


@admin.register(Generation)
class GenerationAdmin(ReadOnlyAdmin):
    list_display = ("policy", "against", "project", "prompts", "comparisons", "identical", "created_at")
