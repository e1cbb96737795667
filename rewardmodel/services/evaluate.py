"""Evaluation as a run: a model against a snapshot's held-out split or a file."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from labeling.models import Person, Snapshot
from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.errors import InvalidEvaluation, UnknownData
from rewardmodel.models import Evaluation, RewardModel
from rewardmodel.services.files import home, model_directory
from rewardmodel.services.model_card import training_report, write_model_card
from runs.models import Run
from runs.services.queueing import queue_run

KIND = "evaluate_reward"
SPLITS = ("train", "validation", "test", "all")
LONGEST_KEY = 80  # of the metadata that pairs are sliced by


def queue_evaluation(
    *,
    reward_model: RewardModel,
    snapshot: Snapshot | None = None,
    file: Path | None = None,
    split: str = "test",
    format: str = "auto",
    slice_by: str = "",
    created_by: Person | None = None,
) -> Run:
    """Record that a model should be evaluated on a snapshot's split ("all" for every row), or on a file.

    Args:
        format: of the file: a name that `preferences.formats` knows, "rewardbench", or "auto".
        slice_by: the metadata to slice by; by default the one that most looks like a kind of prompt.

    Raises: InvalidEvaluation for a split that does not exist or a name that is no text; UnknownData if neither snapshot
        nor file is given, or the file does not exist.
    """
    if split not in SPLITS:
        raise InvalidEvaluation(
            _("There is no split “%(split)s”. There are: %(splits)s.") % {"split": split, "splits": ", ".join(SPLITS)},
            fields={"split": _("unknown")},
        )
    if not isinstance(slice_by, str) or len(slice_by) > LONGEST_KEY:  # a script may have sent anything
        raise InvalidEvaluation(
            _("slice_by is the name of metadata, a text of at most %(most)s characters.") % {"most": LONGEST_KEY},
            fields={"slice_by": _("a text")},
        )
    if snapshot is None and (file is None or not file.is_file()):
        raise UnknownData(_("There is no file %(file)s to evaluate on.") % {"file": file})
    data = (
        _("%(split)s split of snapshot %(sha)s") % {"split": split, "sha": snapshot.content_sha256[:12]}
        if snapshot
        else file.name  # type: ignore[union-attr]
    )
    return queue_run(
        kind=KIND,
        config={
            "model": reward_model.name,
            "snapshot": str(snapshot.pk) if snapshot else None,
            "file": None if snapshot else str(file.resolve()),  # type: ignore[union-attr]
            "split": split,
            "format": format,
            "slice_by": slice_by,
            "data": data,
        },
        title=_("Evaluate %(model)s on %(data)s") % {"model": reward_model.name, "data": data},
        created_by=created_by,
        scope=snapshot.project.slug if snapshot else "",
        lineage=[{"label": reward_model.name, "url": f"/reward-models/{reward_model.name}/", "kind": "reward model"}],
    )


def prepare_evaluation(run: Run, directory: Path) -> None:
    """Write the child's config.json: where the model, what it learned from, and the data lie on this machine."""
    model = RewardModel.objects.select_related("snapshot").get(name=run.config["model"])
    snapshot = Snapshot.objects.get(pk=run.config["snapshot"]) if run.config["snapshot"] else None
    learned_from = home() / model.snapshot.file if model.snapshot else None
    write_json_atomically(
        directory / "config.json",
        {
            "model": str(model_directory(model)),
            "name": model.name,
            "data": str(home() / snapshot.file) if snapshot else run.config["file"],
            "split": run.config["split"],
            "format": run.config.get("format", "auto"),
            "slice_by": run.config.get("slice_by", ""),
            "learned_from": str(learned_from) if learned_from and learned_from.is_file() else None,
            "torch_threads": settings.PLUMBLINE_TORCH_THREADS,
        },
    )


def finish_evaluation(run: Run, directory: Path, result: dict[str, Any]) -> dict[str, Any]:
    """Keep the figures beside the model, and name them in its card."""
    model = RewardModel.objects.get(name=run.config["model"])
    Evaluation.objects.create(
        reward_model=model,
        data=run.config["data"],
        snapshot_id=run.config["snapshot"],
        metrics=result,
        run=run,
    )
    if model_directory(model).is_dir():
        write_model_card(model, training_report(model), model_directory(model))
    return result
