"""manage.py score_responses MODEL [--project P]"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.queries import get_project
from rewardmodel.errors import NothingToScore
from rewardmodel.management.commands.train_reward_model import result_of
from rewardmodel.queries import get_reward_model
from rewardmodel.services.score import queue_scoring
from runs.services.waiting import run_here


class Command(JsonCommand):
    help = "Give every response that has none yet its reward, and store it."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="A model's name, or an alias such as champion.")
        parser.add_argument("--project", help="A project's slug; all projects by default.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        model = get_reward_model(options["model"])
        project = get_project(options["project"]) if options["project"] else None
        try:
            run = queue_scoring(reward_model=model, project=project)
        except NothingToScore as nothing:
            self.say(str(nothing))
            return {"model": model.name, "scored": 0}
        return result_of(run_here(run, on_wait=lambda waiting: self.say(f"{waiting.title}: {waiting.state}")))
