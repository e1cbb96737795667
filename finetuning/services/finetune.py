"""Fine-tuning as a run: queue it, tell the child where everything lies, and turn what it made into a row."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from finetuning.core.finetune_config import METHODS, REWARD_METHODS, FinetuneConfig
from finetuning.errors import InvalidPolicyRun
from finetuning.models import Policy
from finetuning.queries import unseen_demo_prompts
from finetuning.services.base import figures, refuse_settings_given_beside, snapshot_link
from finetuning.services.files import adopt_policy, policy_directory
from finetuning.services.names import free_name
from labeling.models import Person, Snapshot
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.models import RewardModel
from rewardmodel.queries import champion
from rewardmodel.services.files import home, model_directory
from runs.models import Run
from runs.services.queueing import asked_before, queue_once

KIND = "finetune_policy"
GIVEN_BESIDE = ("method", "policy", "reference", "reward_model", "snapshot", "name")
SAMPLES_KEPT = 12


def queue_finetuning(
    *,
    policy: Policy,
    method: str,
    reward_model: RewardModel | None = None,
    snapshot: Snapshot | None = None,
    reference: Policy | None = None,
    name: str = "",
    config: Mapping[str, Any] | None = None,
    created_by: Person | None = None,
    client_id: UUID | None = None,
) -> Run:
    """Record that a policy should be fine-tuned.

    Args:
        method: "sft", "rloo", "grpo" or "dpo".
        reward_model: steers rloo and grpo, where the champion is the default, and measures any method at its end.
        snapshot: what is learned from; by default what the reward model was trained on.
        reference: the frozen policy that KL is measured against; the policy itself by default.
        name: what the new policy will be called; the old name, the method and a number by default.
        config: settings of FinetuneConfig that differ from the defaults.
        client_id: of the page that asks; asking the same again under it gives the first run.

    Raises:
        InvalidPolicyRun: a setting does not exist or cannot have that value, or the method lacks something.
        NameTaken: there is or will be a policy of that name.
    """
    chosen = dict(config or {})
    refuse_settings_given_beside(chosen, GIVEN_BESIDE)
    if method not in METHODS:
        raise InvalidPolicyRun(
            _("“%(method)s” is no method. There are: %(known)s.") % {"method": method, "known": ", ".join(METHODS)},
            fields={"method": _("unknown")},
        )
    if reward_model is None and method in REWARD_METHODS:
        reward_model = _champion_for(method)
    if snapshot is None and reward_model is not None:
        snapshot = reward_model.snapshot
    if snapshot is None and not (method in REWARD_METHODS and chosen.get("prompts")):
        raise InvalidPolicyRun(
            _("%(method)s needs a snapshot to learn from. Name one.") % {"method": method.upper()},
            fields={"snapshot": _("missing")},
        )
    places = {"policy": "-", "snapshot": "-", "reward_model": "-" if reward_model else ""}
    try:
        FinetuneConfig.from_dict({**chosen, **places, "method": method})
    except InvalidConfig as error:
        raise InvalidPolicyRun(str(error), fields={"config": str(error)}) from error
    wanted = {
        "method": method,
        "policy": policy.name,
        "reference": (reference or policy).name,
        "reward_model": reward_model.name if reward_model else None,
        "snapshot": str(snapshot.pk) if snapshot else None,
        "settings": chosen,
    }
    asked = {**wanted, **({"name": name} if name else {})}
    if first := asked_before(client_id=client_id, kind=KIND, asked=asked, created_by=created_by):
        return first
    name = free_name(name, stem=f"{policy.name}-{method}")
    return queue_once(
        client_id=client_id,
        asked=asked,
        kind=KIND,
        config={"name": name, **wanted},
        title=_("Fine-tune %(policy)s by %(method)s: %(name)s")
        % {"policy": policy.name, "method": method.upper(), "name": name},
        created_by=created_by,
        scope=snapshot.project.slug if snapshot else "",
        lineage=_lineage(policy, reward_model, snapshot),
    )


def policy_link(policy: Policy) -> dict[str, str]:
    """A policy as an entry of a run's lineage."""
    return {"label": policy.name, "url": reverse("policy", args=[policy.name]), "kind": "policy"}


def prepare_finetuning(run: Run, directory: Path) -> None:
    """Write the child's config.json: the settings, and where policies, model and data lie on this machine."""
    config = run.config
    policy = Policy.objects.get(name=config["policy"])
    snapshot = Snapshot.objects.select_related("project").filter(pk=config["snapshot"]).first()
    reward_model = RewardModel.objects.filter(name=config["reward_model"]).first()
    unseen = unseen_demo_prompts(policy, snapshot.project) if snapshot else None
    values = {
        "torch_threads": settings.PLUMBLINE_TORCH_THREADS,
        "evaluation_prompts": str(unseen) if unseen else "",
        **config["settings"],
        "method": config["method"],
        "name": config["name"],
        "policy": str(policy_directory(policy)),
        "reference": str(policy_directory(Policy.objects.get(name=config["reference"]))),
        "reward_model": str(model_directory(reward_model)) if reward_model else "",
        "snapshot": str(home() / snapshot.file) if snapshot else "",
    }
    write_json_atomically(directory / "config.json", values)


def finish_finetuning(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Give the policy its place and its row, with figures and some answers beside the reference's."""
    config = run.config
    name = config["name"]
    metrics = figures(result)
    Policy.objects.create(
        name=name,
        directory=adopt_policy(directory, name, result["digest"]),
        digest=result["digest"],
        method=config["method"],
        parent=Policy.objects.get(name=config["policy"]),
        reference=Policy.objects.get(name=config["reference"]),
        reward_model=RewardModel.objects.filter(name=config["reward_model"]).first(),
        snapshot_id=config["snapshot"],
        run=run,
        config=config["settings"],
        metrics={**metrics, "samples": _samples(directory / "samples.jsonl")},
        created_by=run.created_by,
    )
    made = {"policy": name, "method": config["method"], "digest": result["digest"]}
    return {**metrics, **made, "url": reverse("policy", args=[name])}


def _champion_for(method: str) -> RewardModel:
    model = champion()
    if model is None:
        raise InvalidPolicyRun(
            _("%(method)s needs a reward model, and none is promoted. Name one, or promote one to champion.")
            % {"method": method.upper()},
            fields={"reward_model": _("missing")},
        )
    return model


def _samples(file: Path) -> list[dict[str, Any]]:
    """Some of the answers to unseen prompts, evenly from first to last, so that none is picked for its looks."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8") as stream:
        rows = [json.loads(line) for line in stream]
    return rows[:: max(1, -(-len(rows) // SAMPLES_KEPT))]


def _lineage(policy: Policy, reward_model: RewardModel | None, snapshot: Snapshot | None) -> list[dict[str, str]]:
    links = [policy_link(policy)]
    if reward_model is not None:
        url = reverse("reward-model", args=[reward_model.name])
        links.append({"label": reward_model.name, "url": url, "kind": "reward model"})
    if snapshot is not None:
        links.append(snapshot_link(snapshot))
    return links
