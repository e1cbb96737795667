"""What the commands of this app share: settings from a file, and a run that is waited for or left to a worker."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from config.commands import JsonCommand
from finetuning.errors import InvalidPolicyRun
from rewardmodel.management.commands.train_reward_model import result_of
from runs.models import Run
from runs.services.waiting import run_here
from runs.tasks import execute_run


def config_argument(parser: CommandParser, settings: str) -> None:
    """Declare --config, a JSON file with settings of that class."""
    parser.add_argument("--config", help=f"A JSON file with settings of {settings}.")


def read_config(file: str | None) -> dict[str, Any]:
    """The settings in a JSON file; none without a file. Raises: InvalidPolicyRun."""
    if not file:
        return {}
    try:
        config = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidPolicyRun(_("%(file)s is no readable JSON: %(error)s") % {"file": file, "error": error}) from error
    if not isinstance(config, dict):
        raise InvalidPolicyRun(_("%(file)s must hold a JSON object.") % {"file": file})
    return config


def answer_of(command: JsonCommand, run: Run, *, wait: bool) -> dict[str, Any]:
    """The run's result, seen through here, or that it waits for a worker. Raises: RunFailed."""
    if not wait:
        execute_run.delay_on_commit(str(run.pk))
        policy = run.config.get("name") or run.config["policies"][0]
        return {"run": str(run.pk), "state": run.state, "policy": policy}
    return result_of(run_here(run, on_wait=lambda waiting: command.say(f"{waiting.title}: {waiting.state}")))
