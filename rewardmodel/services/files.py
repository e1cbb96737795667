"""Where reward models lie on disk: PLUMBLINE_HOME/reward-models/<name>/."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from rewardmodel.core.run_directory import write_json_atomically
from rewardmodel.errors import ChangedModel
from rewardmodel.models import RewardModel, RewardModelAlias

MODELS = "reward-models"


def home() -> Path:
    return Path(settings.PLUMBLINE_HOME)


def model_directory(reward_model: RewardModel) -> Path:
    """The model's files."""
    return home() / reward_model.directory


def adopt(made: Path, name: str, digest: str, *, shelf: str = MODELS) -> str:
    """Move a finished model to its place and return the place, relative to PLUMBLINE_HOME. Safe twice.

    Args:
        shelf: the folder of PLUMBLINE_HOME that holds models of its kind.

    Raises: ChangedModel if other files lie there already, or none at either place.
    """
    place = home() / shelf / name
    if not place.exists() and made.exists():
        place.parent.mkdir(parents=True, exist_ok=True)
        os.rename(made, place)
    if read_digest(place) != digest:
        raise ChangedModel(_("%(place)s does not hold the model that was trained.") % {"place": place})
    return str(place.relative_to(home()))


def read_digest(directory: Path) -> str:
    """The digest that plumbline.json names; "" where there is none."""
    sidecar = _read_json(directory / "plumbline.json")
    return str(sidecar.get("digest", "")) if isinstance(sidecar, dict) else ""


def is_whole(directory: Path, digest: str) -> bool:
    """Whether a model of this digest lies there with every file that it names; what is in them is not looked at."""
    sidecar = _read_json(directory / "plumbline.json")
    if read_digest(directory) != digest:
        return False
    files = sidecar.get("files")
    return isinstance(files, dict) and all((directory / name).is_file() for name in files)


def write_alias_files() -> None:
    """Tell scoring servers where the aliases point: aliases/<alias>.json, {"name", "directory"}. Safe at any time.

    One process at a time reads the rows and writes: otherwise the slower of two could leave what it read before.
    """
    directory = home() / MODELS / "aliases"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for alias in RewardModelAlias.objects.select_related("reward_model"):
            wanted = {"name": alias.reward_model.name, "directory": alias.reward_model.directory}
            file = directory / f"{alias.alias}.json"
            if _read_json(file) != wanted:
                write_json_atomically(file, wanted)


def _read_json(file: Path) -> Any:
    """What a file holds, or None where it is missing or damaged."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
