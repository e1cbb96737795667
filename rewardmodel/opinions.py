"""How many opinions a reward model has on a text, and how they become one reward, in words for its page."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from labeling.charts import three_decimals
from rewardmodel.core.config.ensemble import MEAN, MEAN_VARIANCE, MINIMUM, WEIGHTS

COMBINED = {
    MEAN: gettext_lazy("the reward is their mean"),
    MINIMUM: gettext_lazy("the reward is the lowest of them"),
    MEAN_VARIANCE: gettext_lazy("the reward is their mean less %(penalty)s times their variance"),
    WEIGHTS: gettext_lazy("their weights are averaged: one network, one opinion"),
}
DEFAULT_PENALTY = 0.5


def said_opinions(config: Mapping[str, Any]) -> str:
    """What is combined and how: "4 members; the reward is the lowest of them". "" for a model with one opinion.

    Args: config: the settings of its training that differ from their defaults.
    """
    heads, members = int(config.get("heads", 1)), int(config.get("members", 1))
    if max(heads, members) == 1:
        return ""
    if members > 1:
        counted = ngettext("%(n)s member", "%(n)s members", members) % {"n": members}
    else:
        counted = ngettext("%(n)s head", "%(n)s heads", heads) % {"n": heads}
    penalty = config.get("uncertainty_penalty", DEFAULT_PENALTY)
    combined = COMBINED[config.get("combine", MEAN)] % {"penalty": f"{penalty:g}"}
    return _("%(counted)s; %(combined)s") % {"counted": counted, "combined": combined}


def said_uncertainty(report: Mapping[str, Any]) -> str:
    """How far opinions lie apart on average, in nats; "" where the training measured none.

    Args: report: what the training reported.
    """
    mean = report.get("uncertainty_mean")
    return "" if mean is None else three_decimals(mean)
