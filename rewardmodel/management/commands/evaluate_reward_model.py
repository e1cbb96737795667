"""manage.py evaluate_reward_model MODEL DATA [--split test]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from rewardmodel.management.commands.train_reward_model import result_of
from rewardmodel.queries import get_reward_model, get_snapshot
from rewardmodel.services.evaluate import queue_evaluation
from runs.services.waiting import run_here


class Command(JsonCommand):
    help = "Compare a reward model with verdicts: a snapshot's split, or any file in a known format."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="A model's name, or an alias such as champion.")
        parser.add_argument("data", help="A file, or a snapshot's id or the beginning of its content hash.")
        parser.add_argument("--split", default="test", choices=["train", "validation", "test", "all"])

    def handle_json(self, **options: Any) -> dict[str, Any]:
        model, file = get_reward_model(options["model"]), Path(options["data"])
        if file.is_file():
            run = queue_evaluation(reward_model=model, file=file, split=options["split"])
        else:
            snapshot = get_snapshot(options["data"])
            run = queue_evaluation(reward_model=model, snapshot=snapshot, split=options["split"])
        return result_of(run_here(run, on_wait=lambda waiting: self.say(f"{waiting.title}: {waiting.state}")))
