"""Training as a run: queue it, write what the child needs, and turn its model into a row."""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.storable_json import NotStorable, require_storable
from labeling.models import Person, Snapshot
from preferences.errors import PreferenceError
from preferences.pairs import PairRules
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.errors import InvalidTraining, NameTaken, UnknownReliability
from rewardmodel.models import Evaluation, RewardModel, RewardModelAlias
from rewardmodel.services.files import adopt, home, write_alias_files
from rewardmodel.services.model_card import write_model_card
from rewardmodel.services.token_cache import token_cache
from rewardmodel.sweep_outcomes import best_of_its_sweep
from runs.models import Run
from runs.services.queueing import asked_before, queue_once

KIND = "train_reward"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,118}")
SETTINGS_OF_THE_RUN = ("snapshot", "name")
NO_RELIABILITY = "none"
RELIABILITY = (NO_RELIABILITY, "dawid-skene", "noisy-bradley-terry")
RESERVED_NAMES = frozenset({"aliases", "compare", "fragments", "sweeps", *RewardModelAlias.Name.values})
REPORTED = (
    "accuracy", "accuracy_low", "accuracy_high", "pairs", "log_loss", "ece", "split", "baselines", "agreement",
    "temperature", "steps", "tokens", "training_seconds", "comparisons_per_second", "tokens_per_second", "validation",
    "combine", "uncertainty_mean",
)  # fmt: skip


def queue_training(
    *,
    snapshot: Snapshot,
    config: Mapping[str, Any] | None = None,
    name: str = "",
    created_by: Person | None = None,
    lineage: Iterable[dict[str, str]] = (),
    client_id: UUID | None = None,
) -> Run:
    """Record that a reward model should be trained on a snapshot.

    Args:
        config: settings of TrainConfig that differ from the defaults; neither snapshot nor name. Beside them
            "reliability" may name a model of annotators whose weights are computed when the run begins.
        name: what the model will be called; the project and a number by default.
        lineage: what the run comes from beside the snapshot.
        client_id: of the page that asks; asking the same again under it gives the first run.

    Raises:
        InvalidTraining: a setting does not exist or cannot have that value, or the snapshot holds no comparison.
        NameTaken: there is or will be a model of that name.
    """
    chosen = dict(config or {})
    check_training(snapshot=snapshot, chosen=chosen)
    asked = {"snapshot": str(snapshot.pk), "settings": chosen, **({"name": name} if name else {})}
    if first := asked_before(client_id=client_id, kind=KIND, asked=asked, created_by=created_by):
        return first
    name = _free_name(name, snapshot)
    origin = {
        "label": _("snapshot %(sha)s") % {"sha": snapshot.content_sha256[:12]},
        "url": f"/projects/{snapshot.project.slug}/datasets/",
        "kind": "snapshot",
    }
    return queue_once(
        client_id=client_id,
        asked=asked,
        kind=KIND,
        config={"snapshot": str(snapshot.pk), "name": name, "settings": chosen},
        title=_("Train %(name)s") % {"name": name},
        created_by=created_by,
        scope=snapshot.project.slug,
        lineage=[origin, *lineage],
    )


def check_training(*, snapshot: Snapshot, chosen: Mapping[str, Any]) -> None:
    """Refuse settings that no training on this snapshot can have. The error's `fields` name the setting.

    Raises: InvalidTraining.
    """
    for setting in SETTINGS_OF_THE_RUN:
        if setting in chosen:
            raise InvalidTraining(
                _("The config must not hold “%(setting)s”: it is given beside it.") % {"setting": setting},
                fields={setting: _("given beside the config")},
            )
    _check_storable(chosen)
    _check_what_the_platform_adds(chosen)
    try:
        config = TrainConfig.from_dict({**_without_reliability(chosen), "snapshot": snapshot.file})
        config.require_rules(_rules(snapshot, chosen))
    except InvalidConfig as error:
        raise InvalidTraining(str(error), fields={error.field or "config": str(error)}) from error
    if not snapshot.manifest.get("counts", {}).get("splits", {}).get("train", {}).get("comparisons", 1):
        raise InvalidTraining(_("The train split of this snapshot is empty. Freeze one with more comparisons."))


def prepare_training(run: Run, directory: Path) -> None:
    """Write the child's config.json: the settings, what annotators weigh, and where things lie on this machine."""
    snapshot = Snapshot.objects.get(pk=run.config["snapshot"])
    chosen = {"token_cache": token_cache(), **_without_reliability(run.config["settings"])}
    method = run.config["settings"].get("reliability", NO_RELIABILITY)
    if method != NO_RELIABILITY:
        rules = _rules(snapshot, chosen)
        chosen["annotator_weights"] = _weights(directory, home() / snapshot.file, method=method, rules=rules)
    config = TrainConfig.from_dict(
        {
            "torch_threads": settings.PLUMBLINE_TORCH_THREADS,
            **chosen,
            "snapshot": str(home() / snapshot.file),
            "name": run.config["name"],
        }
    )
    write_json_atomically(directory / "config.json", config.to_dict())


def finish_training(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Give the trained model its place, its row, its first evaluation and the alias "candidate"."""
    snapshot = Snapshot.objects.get(pk=run.config["snapshot"])
    name = run.config["name"]
    if RewardModel.objects.filter(name=name).exists():  # two trainings were queued under one name in the same moment
        name = f"{name}-{str(run.pk)[:8]}"
    place = adopt(directory / "model", name, result["digest"])
    model = RewardModel.objects.create(
        name=name,
        directory=place,
        digest=result["digest"],
        snapshot=snapshot,
        run=run,
        backbone=run.config["settings"].get("backbone", TrainConfig(snapshot="-").backbone),
        config=run.config["settings"],
        metrics={key: result.get(key) for key in REPORTED},
        created_by=run.created_by,
    )
    if result.get("pairs"):
        Evaluation.objects.create(
            reward_model=model,
            data=_("%(split)s split of snapshot %(sha)s")
            % {"split": result["split"], "sha": snapshot.content_sha256[:12]},
            snapshot=snapshot,
            metrics=result,
            run=run,
        )
    RewardModelAlias.objects.update_or_create(
        alias=RewardModelAlias.Name.CANDIDATE,
        defaults={
            "reward_model": best_of_its_sweep(model), "changed_by": run.created_by, "changed_at": timezone.now()
        },
    )  # fmt: skip
    transaction.on_commit(write_alias_files)
    write_model_card(model, result, home() / place)
    return {**result, "model": name, "url": reverse("reward-model", args=[name])}


def _rules(snapshot: Snapshot, chosen: Mapping[str, Any]) -> PairRules:
    """How judgments become pairs: by the settings, or else by the snapshot's manifest.

    Raises: InvalidConfig for a rule that does not exist.
    """
    named = chosen.get("pair_rules")
    try:
        return PairRules.from_dict(named if named is not None else snapshot.manifest.get("rules") or {})
    except ValueError as error:
        raise InvalidConfig(f"pair_rules: {error}", field="pair_rules") from error


def _without_reliability(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the child knows."""
    return {name: value for name, value in chosen.items() if name != "reliability"}


def _check_storable(chosen: Mapping[str, Any]) -> None:
    """Raises: InvalidTraining, naming the setting, for a value that no row can hold."""
    for setting, value in chosen.items():
        try:
            require_storable([setting, value])
        except NotStorable as error:
            raise InvalidTraining(str(error), fields={setting: str(error)}) from error


def _check_what_the_platform_adds(chosen: Mapping[str, Any]) -> None:
    """Raises: InvalidTraining if the settings name another reliability, weights beside it, or a folder to write to."""
    method = chosen.get("reliability", NO_RELIABILITY)
    if method not in RELIABILITY:
        raise InvalidTraining(
            _("“%(method)s” is no model of annotators. There are: %(methods)s.")
            % {"method": method, "methods": ", ".join(RELIABILITY)},
            fields={"reliability": _("unknown")},
        )
    if method != NO_RELIABILITY and chosen.get("annotator_weights") is not None:
        raise InvalidTraining(
            _("Give annotator_weights or let reliability compute them, not both."),
            fields={"annotator_weights": _("given beside reliability")},
        )
    if chosen.get("token_cache") is not None:
        raise InvalidTraining(
            _("The platform says where tokens are kept. Leave token_cache out, or set it to null to keep none."),
            fields={"token_cache": _("given by the platform")},
        )


def _weights(directory: Path, snapshot: Path, *, method: str, rules: PairRules) -> dict[str, float]:
    """What annotators weigh in this run, as its first attempt found it: a resumed run must not weigh them anew.

    Raises: UnknownReliability.
    """
    from rewardmodel.services.reliability import reliability_of  # NumPy and SciPy are not loaded before they are needed

    file = directory / "reliability.json"
    if not file.exists():
        try:
            found = reliability_of(snapshot, method=method, rules=rules)
        except PreferenceError as error:
            raise UnknownReliability(
                _("%(source)s cannot be read: %(why)s.") % {"source": snapshot, "why": str(error).rstrip(".")}
            ) from error
        write_json_atomically(file, found.to_dict())
    annotators = json.loads(file.read_text("utf-8"))["annotators"]
    return {annotator: about["weight"] for annotator, about in annotators.items()}


def stem_of(snapshot: Snapshot) -> str:
    """What names begin with that are made up for a snapshot: its project's slug, as the scoring server reads names."""
    return snapshot.project.slug.lower().lstrip("_-") or "model"


def next_free(beginning: str, taken: Collection[str]) -> str:
    """The beginning with the first number that makes it a name not taken."""
    return next(name for number in count(1) if (name := f"{beginning}{number}") not in taken)


def _free_name(name: str, snapshot: Snapshot) -> str:
    """The name asked for, or the next number of the project.

    Raises: InvalidTraining if it cannot be part of an address, NameTaken if it is given already.
    """
    waiting = Run.objects.filter(kind=KIND).exclude(state__in=[Run.State.FAILED, Run.State.CANCELLED])
    taken = {*RewardModel.objects.values_list("name", flat=True), *waiting.values_list("config__name", flat=True)}
    if not name:
        return next_free(f"{stem_of(snapshot)}-", taken)
    if not NAME.fullmatch(name) or name in RESERVED_NAMES:
        raise InvalidTraining(
            _("“%(name)s” cannot be a model's name. Use small letters, digits and hyphens.") % {"name": name},
            fields={"name": _("small letters, digits and hyphens")},
        )
    if name in taken:
        raise NameTaken(
            _("There is a reward model “%(name)s” already. Choose another name.") % {"name": name},
            fields={"name": _("taken")},
        )
    return name
