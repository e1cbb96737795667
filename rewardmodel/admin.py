"""Reward models in Django admin: to look at. They are made by runs and never edited."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from rewardmodel.models import Evaluation, RewardModel, RewardModelAlias


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows that only services write."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(RewardModel)
class RewardModelAdmin(ReadOnlyAdmin):
    list_display = ("name", "backbone", "snapshot", "created_at")
    search_fields = ("name", "digest")


@admin.register(RewardModelAlias)
class RewardModelAliasAdmin(ReadOnlyAdmin):
    list_display = ("alias", "reward_model", "changed_by", "changed_at")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("reward_model", "data", "created_at")
