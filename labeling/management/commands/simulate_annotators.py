"""manage.py simulate_annotators PROJECT …"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.queries import comparisons_above_target, get_project
from labeling.services.simulation import simulate_annotators


class Command(JsonCommand):
    help = "Let annotators of planted competence judge a project's comparisons, by the quality planted in them."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--annotators", type=int, default=6)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--lowest-competence", type=float, default=0.6)
        parser.add_argument("--highest-competence", type=float, default=2.0)
        parser.add_argument("--limit", type=int, help="Stop after so many judgments.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        project = get_project(options["project"])
        report = simulate_annotators(
            project=project,
            count=options["annotators"],
            seed=options["seed"],
            lowest_competence=options["lowest_competence"],
            highest_competence=options["highest_competence"],
            limit=options["limit"],
        )
        return {
            "project": project.slug,
            "annotators": report.annotators,
            "judgments": report.judgments,
            "above_target": comparisons_above_target(project).count(),
            "competence": report.competence,
        }
