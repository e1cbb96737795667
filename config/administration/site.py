"""The front page of the administration: what there is, in the order in which data moves."""

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

APPS = ("labeling", "rewardmodel", "finetuning", "runs")
MODELS = (
    "Project",
    "Person",
    "Membership",
    "GuidelineVersion",
    "ImportBatch",
    "Comparison",
    "Assignment",
    "Judgment",
    "Review",
    "Snapshot",
    "RewardModel",
    "RewardModelAlias",
    "Evaluation",
    "Policy",
    "Generation",
    "Run",
    "RunMetric",
)


class AdministrationSite(AdminSite):
    """Apps and tables in the order of the loop; what belongs to other packages comes last, by name."""

    site_header = _("Administration of Plumbline")
    site_title = "Plumbline"
    index_title = _("Administration")

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found = super().get_app_list(request, app_label)
        for app in found:
            app["models"].sort(key=lambda model: place_in(MODELS, model["object_name"]))
        return sorted(found, key=lambda app: place_in(APPS, app["app_label"]))


def place_in(order: tuple[str, ...], name: str) -> int:
    """Where a name stands in an order; behind all of it if it is not there."""
    return order.index(name) if name in order else len(order)
