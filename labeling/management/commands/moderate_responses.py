"""manage.py moderate_responses PROJECT [--check NAME …] [--scores FILE]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.errors import InvalidModeration
from labeling.moderated import summary_of
from labeling.moderation.registry import CHECKS
from labeling.queries import get_project
from labeling.services.moderation import queue_moderation
from runs.models import Run
from runs.services.waiting import run_here


class Command(JsonCommand):
    help = (
        "Look through a project's prompts and responses for what nobody should train on unseen. What is found waits "
        "for a person to keep or exclude it; looking again finds nothing twice."
    )

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--check", action="append", choices=list(CHECKS), help="Only this one; may be given again.")
        parser.add_argument(
            "--scores",
            metavar="FILE",
            help='A text classifier\'s scores: {"response": text, "scores": {label: 0 to 1}} a line.',
        )

    def handle_json(self, **options: Any) -> dict[str, Any]:
        project = get_project(options["project"])
        scores = Path(options["scores"]).resolve() if options["scores"] else None
        if scores is not None and not scores.is_file():
            raise InvalidModeration(f"There is no file {options['scores']}.")
        run = run_here(queue_moderation(project=project, names=options["check"], scores=scores))
        if run.state != Run.State.SUCCEEDED:
            raise InvalidModeration(f"The checks stopped: {run.error or run.get_state_display()}")
        summary = summary_of(project)
        counts = {check: states for check, _name, states in summary.rows}
        return {**run.result, "run": str(run.pk), "findings": counts, "excluded": summary.excluded}
