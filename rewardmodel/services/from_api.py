"""What POST /api/v1/runs/ queues: the same services under the config that a script sends."""

from typing import Any

from django.utils.translation import gettext as _

from labeling.models import Person
from labeling.queries import get_project
from rewardmodel.errors import InvalidTraining
from rewardmodel.queries import get_reward_model, get_snapshot
from rewardmodel.services.evaluate import queue_evaluation
from rewardmodel.services.score import queue_scoring
from rewardmodel.services.train import queue_training
from runs.models import Run


def train(*, person: Person, config: dict[str, Any], title: str, scope: str) -> Run:
    """config: {"snapshot", "name"?, "settings"?}."""
    settings, name = config.get("settings") or {}, config.get("name") or ""
    if not isinstance(settings, dict):
        raise InvalidTraining(
            _("“%(name)s” must be an object.") % {"name": "settings"}, fields={"settings": _("not an object")}
        )
    if not isinstance(name, str):
        raise InvalidTraining(_("“%(name)s” must be text.") % {"name": "name"}, fields={"name": _("not text")})
    snapshot = get_snapshot(_required(config, "snapshot"), person=person)
    return queue_training(snapshot=snapshot, config=settings, name=name, created_by=person)


def evaluate(*, person: Person, config: dict[str, Any], title: str, scope: str) -> Run:
    """config: {"model", "snapshot", "split"?, "slice_by"?: a name of metadata}.

    Files of the server are not read for a caller from outside, and only they have a format.
    """
    return queue_evaluation(
        reward_model=get_reward_model(_required(config, "model")),
        snapshot=get_snapshot(_required(config, "snapshot"), person=person),
        split=str(config.get("split") or "test"),
        slice_by=config.get("slice_by") or "",
        created_by=person,
    )


def score(*, person: Person, config: dict[str, Any], title: str, scope: str) -> Run:
    """config: {"model", "project"?}; scope names the project too."""
    slug = config.get("project") or scope
    return queue_scoring(
        reward_model=get_reward_model(_required(config, "model")),
        project=get_project(str(slug)) if slug else None,
        created_by=person,
    )


def _required(config: dict[str, Any], name: str) -> str:
    if not isinstance(config.get(name), str):
        raise InvalidTraining(_("The config needs “%(name)s”.") % {"name": name}, fields={name: _("missing")})
    return str(config[name])
