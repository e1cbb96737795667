"""manage.py train_reward_model SNAPSHOT [--config F] [--name N] [--wait]"""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from config.commands import JsonCommand
from rewardmodel.errors import InvalidTraining
from rewardmodel.queries import get_snapshot
from rewardmodel.services.train import queue_training
from runs.errors import RunFailed
from runs.models import Run
from runs.services.waiting import run_here
from runs.tasks import execute_run


class Command(JsonCommand):
    help = "Train a reward model on a snapshot. Without --wait a worker does it."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("snapshot", help="A snapshot's id or name, or the beginning of its content hash.")
        parser.add_argument("--config", help="A JSON file with settings of TrainConfig.")
        parser.add_argument("--name", default="", help="Name of the model; the project and a number by default.")
        parser.add_argument("--wait", action="store_true", help="Train here and answer with the figures.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        config = read_config(options["config"])
        run = queue_training(snapshot=get_snapshot(options["snapshot"]), config=config, name=options["name"])
        if not options["wait"]:
            execute_run.delay_on_commit(str(run.pk))
            return {"run": str(run.pk), "state": run.state, "model": run.config["name"]}
        run = run_here(run, on_wait=lambda waiting: self.say(f"{waiting.title}: {waiting.state}"))
        return result_of(run)


def result_of(run: Run) -> dict[str, Any]:
    """What a finished run found. Raises: RunFailed with the reason of one that did not succeed."""
    if run.state != Run.State.SUCCEEDED:
        raise RunFailed(run.error or _("The run “%(title)s” was stopped.") % {"title": run.title})
    return {"run": str(run.pk), **run.result}


def read_config(file: str | None) -> dict[str, Any]:
    """The settings that a JSON file holds; none without a file. Raises: InvalidTraining."""
    if not file:
        return {}
    try:
        config = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidTraining(_("%(file)s is no readable JSON: %(error)s") % {"file": file, "error": error}) from error
    if not isinstance(config, dict):
        raise InvalidTraining(_("%(file)s must hold a JSON object.") % {"file": file})
    return config
