"""Making a base policy as a run: a small language model from a corpus, or one that lies in a directory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from finetuning.core.base_config import BaseConfig
from finetuning.errors import InvalidPolicyRun, UnknownCorpus
from finetuning.models import Policy
from finetuning.queries import DEMO_CORPUS
from finetuning.services.files import adopt_policy
from finetuning.services.names import free_name
from labeling.models import Person, Snapshot
from labeling.services.demo import DEMO
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.errors import UnknownData
from rewardmodel.queries import get_snapshot
from rewardmodel.services.files import home
from runs.models import Run
from runs.services.queueing import asked_before, queue_once

KIND = "make_base"
DEMO_FILES = ("responses.jsonl", "demonstrations.jsonl")
GIVEN_BESIDE = ("corpus", "path", "name")


def queue_base(
    *,
    name: str = "",
    corpus: str = "",
    path: str = "",
    config: Mapping[str, Any] | None = None,
    created_by: Person | None = None,
    client_id: UUID | None = None,
) -> Run:
    """Record that a base policy should be made.

    Args:
        name: what it will be called; "base" and a number by default.
        corpus: "demo", a file in any format, or a snapshot (its train split), by id or the start of its hash.
        path: instead of a corpus, a directory on the worker with a Hugging Face language model in safetensors.
        config: settings of BaseConfig that differ from the defaults.
        client_id: of the page that asks; asking the same again under it gives the first run.

    Raises:
        InvalidPolicyRun: a setting does not exist or cannot have that value; neither or both of corpus and path.
        UnknownCorpus: the corpus names nothing, or there is nothing at the path.
        NameTaken: there is or will be a policy of that name.
    """
    chosen = dict(config or {})
    if bool(corpus) == bool(path):
        raise InvalidPolicyRun(_("Give a corpus to learn from or a directory to adopt, and not both."))
    refuse_settings_given_beside(chosen, GIVEN_BESIDE)
    if path and not (Path(path) / "config.json").is_file():
        raise UnknownCorpus(
            _("%(path)s is no directory with a language model: it holds no config.json.") % {"path": path},
            fields={"path": _("no model there")},
        )
    snapshot, file = _corpus(corpus) if corpus else (None, "")
    try:
        BaseConfig.from_dict({**chosen, "path": path} if path else {**chosen, "corpus": ["-"]})
    except InvalidConfig as error:
        raise InvalidPolicyRun(str(error), fields={"config": str(error)}) from error
    wanted = {
        "corpus": DEMO_CORPUS if corpus == DEMO_CORPUS else "",
        "file": file,
        "snapshot": str(snapshot.pk) if snapshot else None,
        "path": str(Path(path).resolve()) if path else "",
        "settings": chosen,
    }
    asked = {**wanted, **({"name": name} if name else {})}
    if first := asked_before(client_id=client_id, kind=KIND, asked=asked, created_by=created_by):
        return first
    name = free_name(name, stem="base")
    return queue_once(
        client_id=client_id,
        asked=asked,
        kind=KIND,
        config={"name": name, **wanted},
        title=_("Make the base policy %(name)s") % {"name": name},
        created_by=created_by,
        scope=snapshot.project.slug if snapshot else "",
        lineage=[snapshot_link(snapshot)] if snapshot else [],
    )


def refuse_settings_given_beside(config: Mapping[str, Any], names: tuple[str, ...]) -> None:
    """Raises: InvalidPolicyRun where a config holds what the caller gives beside it."""
    for name in names:
        if name in config:
            raise InvalidPolicyRun(
                _("The config must not hold “%(setting)s”: it is given beside it.") % {"setting": name},
                fields={name: _("given beside the config")},
            )


def snapshot_link(snapshot: Snapshot) -> dict[str, str]:
    """A snapshot as an entry of a run's lineage."""
    return {
        "label": _("snapshot %(sha)s") % {"sha": snapshot.content_sha256[:12]},
        "url": f"/projects/{snapshot.project.slug}/datasets/",
        "kind": "snapshot",
    }


def prepare_base(run: Run, directory: Path) -> None:
    """Write the child's config.json: the settings, and where the corpus lies on this machine."""
    config = run.config
    if config["corpus"] == DEMO_CORPUS:
        corpus = [str(DEMO / file) for file in DEMO_FILES]
    elif config["snapshot"]:
        corpus = [str(home() / Snapshot.objects.get(pk=config["snapshot"]).file)]
    else:
        corpus = [config["file"]] if config["file"] else []
    write_json_atomically(
        directory / "config.json",
        {
            "torch_threads": settings.PLUMBLINE_TORCH_THREADS,
            **config["settings"],
            "name": config["name"],
            **({"path": config["path"]} if config["path"] else {"corpus": corpus}),
        },
    )


def finish_base(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Give the policy its place and its row."""
    name = run.config["name"]
    Policy.objects.create(
        name=name,
        directory=adopt_policy(directory, name, result["digest"]),
        digest=result["digest"],
        method=Policy.Method.BASE,
        snapshot_id=run.config["snapshot"],
        run=run,
        config={
            **{key: run.config[key] for key in ("corpus", "file", "path") if run.config[key]},
            **run.config["settings"],
        },
        metrics=figures(result),
        created_by=run.created_by,
    )
    return {**figures(result), "policy": name, "digest": result["digest"], "url": reverse("policy", args=[name])}


def figures(result: Mapping[str, Any]) -> dict[str, Any]:
    """What a child measured, without names, places and lists."""
    return {
        key: value
        for key, value in result.items()
        if (isinstance(value, int | float) or value is None) and not isinstance(value, bool)
    }


def _corpus(corpus: str) -> tuple[Snapshot | None, str]:
    """The snapshot or the file that is meant; neither for the demo. Raises: UnknownCorpus."""
    if corpus == DEMO_CORPUS:
        return None, ""
    if Path(corpus).is_file():
        return None, str(Path(corpus).resolve())
    try:
        return get_snapshot(corpus), ""
    except UnknownData:
        raise UnknownCorpus(
            _("“%(corpus)s” is no corpus: give “demo”, a file, or a snapshot's id.") % {"corpus": corpus},
            fields={"corpus": _("unknown")},
        ) from None
