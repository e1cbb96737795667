"""manage.py evaluate_reward_model MODEL DATA [--split test] [--format auto] [--slice-by KEY]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from preferences.formats import FORMATS
from rewardmodel.evaluation_words import floor_name, said_figure, verdict_sentence
from rewardmodel.management.commands.train_reward_model import result_of
from rewardmodel.queries import get_reward_model, get_snapshot
from rewardmodel.services.evaluate import SPLITS, queue_evaluation
from runs.services.waiting import run_here


class Command(JsonCommand):
    help = "Compare a reward model with verdicts: a snapshot's split, or any file in a known format."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", help="A model's name, or an alias such as champion.")
        parser.add_argument("data", help="A file, or a snapshot's id or name, or the beginning of its content hash.")
        parser.add_argument("--split", default="test", choices=SPLITS)
        parser.add_argument(
            "--format",
            default="auto",
            choices=["auto", "rewardbench", *sorted(FORMATS)],
            help="Of a file; by default what its rows look like.",
        )
        parser.add_argument("--slice-by", default="", help="Metadata to slice by; by default what looks like a domain.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        model, file = get_reward_model(options["model"]), Path(options["data"])
        run = queue_evaluation(
            reward_model=model,
            file=file if file.is_file() else None,
            snapshot=None if file.is_file() else get_snapshot(options["data"]),
            split=options["split"],
            format=options["format"],
            slice_by=options["slice_by"],
        )
        answer = result_of(run_here(run, on_wait=lambda waiting: self.say(f"{waiting.title}: {waiting.state}")))
        self.say(verdict_sentence(answer))
        return answer

    def shown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Single figures, and those with an interval; tables are on the model's page and in --json."""
        floors = {floor_name(floor["name"]): floor["accuracy"] for floor in answer.get("floors", [])}
        people = answer.get("people", {}).get("agreement", {})
        figures = {**floors, "people with each other": people}
        return {
            **{name: value for name, value in answer.items() if not isinstance(value, dict | list)},
            **{name: said_figure(figure) for name, figure in figures.items()},
        }
