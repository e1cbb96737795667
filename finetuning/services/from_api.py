"""What a caller from outside may queue: the services under the config that a script sends. Its files are its own.

A caller names snapshots, projects and models that are rows here, never a file of the server.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from finetuning.errors import InvalidPolicyRun, UnknownCorpus
from finetuning.queries import DEMO_CORPUS, get_policy
from finetuning.services.base import queue_base
from finetuning.services.finetune import queue_finetuning
from finetuning.services.generate import DEFAULT_LIMIT, queue_generation
from labeling.models import Person
from labeling.queries import get_project
from rewardmodel.queries import get_reward_model, get_snapshot
from runs.models import Run

SETTINGS_ON_THE_SERVER = ("prompts", "evaluation_prompts", "extra")


def base(*, person: Person, config: Mapping[str, Any], title: str = "", scope: str = "") -> Run:
    """config: {"corpus": "demo" or a snapshot, "name"?, "settings"?}."""
    corpus = _text(config, "corpus")
    if not corpus:
        raise UnknownCorpus(
            _("The config needs “corpus”: “demo”, or a snapshot's id."), fields={"corpus": _("missing")}
        )
    if corpus != DEMO_CORPUS:
        corpus = str(get_snapshot(corpus, person=person).pk)
    return queue_base(name=_text(config, "name"), corpus=corpus, config=_settings(config), created_by=person)


def finetune(*, person: Person, config: Mapping[str, Any], title: str = "", scope: str = "") -> Run:
    """config: {"policy", "method", "reward_model"?, "snapshot"?, "reference"?, "name"?, "settings"?}."""
    reward_model, snapshot, reference = (_text(config, name) for name in ("reward_model", "snapshot", "reference"))
    return queue_finetuning(
        policy=get_policy(_required(config, "policy")),
        method=_required(config, "method"),
        reward_model=get_reward_model(reward_model) if reward_model else None,
        snapshot=get_snapshot(snapshot, person=person) if snapshot else None,
        reference=get_policy(reference) if reference else None,
        name=_text(config, "name"),
        config=_settings(config),
        created_by=person,
    )


def generate(*, person: Person, config: Mapping[str, Any], title: str = "", scope: str = "") -> Run:
    """config: {"policy", "project", "against"?, "limit"?, "sampling"?, "before_old_work"?}."""
    against, limit = _text(config, "against"), config.get("limit", DEFAULT_LIMIT)
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise InvalidPolicyRun(_("The limit is a whole number."), fields={"limit": _("not a number")})
    return queue_generation(
        project=get_project(_text(config, "project") or scope),
        policy=get_policy(_required(config, "policy")),
        against=get_policy(against) if against else None,
        limit=limit,
        sampling=_object(config, "sampling"),
        before_old_work=config.get("before_old_work") is True,
        created_by=person,
    )


def _settings(config: Mapping[str, Any]) -> dict[str, Any]:
    settings = _object(config, "settings")
    for name in SETTINGS_ON_THE_SERVER:
        if name in settings:
            raise InvalidPolicyRun(
                _("“%(setting)s” is set on the server only, by command.") % {"setting": name},
                fields={name: _("by command only")},
            )
    return settings


def _object(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = config.get(name) or {}
    if not isinstance(value, dict):
        raise InvalidPolicyRun(_("“%(name)s” must be an object.") % {"name": name}, fields={name: _("not an object")})
    return value


def _text(config: Mapping[str, Any], name: str) -> str:
    value = config.get(name) or ""
    if not isinstance(value, str):
        raise InvalidPolicyRun(_("“%(name)s” must be text.") % {"name": name}, fields={name: _("not text")})
    return value


def _required(config: Mapping[str, Any], name: str) -> str:
    value = _text(config, name)
    if not value:
        raise InvalidPolicyRun(_("The config needs “%(name)s”.") % {"name": name}, fields={name: _("missing")})
    return value
