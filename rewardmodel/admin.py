"""Reward models in Django admin: to look at. They are made by runs and never edited."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from config.administration.lists import ReadOnlyAdmin
from config.administration.searches import beginning, exactly, number
from config.administration.shown import as_json
from rewardmodel.models import Evaluation, RewardModel, RewardModelAlias, Sweep


@admin.register(RewardModel)
class RewardModelAdmin(ReadOnlyAdmin):
    list_display = ("name", "backbone", "snapshot", "created_at")
    list_select_related = ("snapshot__project",)
    searches = (beginning("name"), exactly("digest"))
    search_help_text = gettext_lazy("How a name begins, or a whole digest.")
    fields = ("name", "backbone", "snapshot", "run", "directory", "digest", "set", "measured", "created_at")

    @admin.display(description=gettext_lazy("config"))
    def set(self, model: RewardModel) -> SafeString | str:
        return as_json(model.config)

    @admin.display(description=gettext_lazy("metrics"))
    def measured(self, model: RewardModel) -> SafeString | str:
        return as_json(model.metrics)


@admin.register(RewardModelAlias)
class RewardModelAliasAdmin(ReadOnlyAdmin):
    list_display = ("alias", "reward_model", "changed_by", "changed_at")
    list_select_related = ("reward_model", "changed_by")


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    list_display = ("reward_model", "data", "created_at")
    list_select_related = ("reward_model",)
    searches = (number("pk"), exactly("reward_model__name"), beginning("data"))
    search_help_text = gettext_lazy("An id, a reward model's whole name, or how the name of the data begins.")
    fields = ("reward_model", "data", "snapshot", "run", "measured", "created_at")

    @admin.display(description=gettext_lazy("metrics"))
    def measured(self, evaluation: Evaluation) -> SafeString | str:
        return as_json(evaluation.metrics)


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ("name", "snapshot", "created_by", "created_at")
    list_select_related = ("snapshot__project", "created_by")
    searches = (beginning("name"),)
    search_help_text = gettext_lazy("How a name begins.")
    fields = ("name", "snapshot", "wanted", "created_by", "created_at")

    @admin.display(description=gettext_lazy("asked"))
    def wanted(self, sweep: Sweep) -> SafeString | str:
        return as_json(sweep.asked)
