"""manage.py measure_quality PROJECT"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.queries import get_project
from labeling.services.quality import OTHER_SOURCES, compute_report, sources_with


class Command(JsonCommand):
    help = "Measure how good a project's judgments are, and keep the figures for its quality page."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument(
            "--with",
            dest="others",
            action="append",
            default=[],
            choices=OTHER_SOURCES,
            help="Whose judgments besides those of people.",
        )

    def handle_json(self, **options: Any) -> dict[str, Any]:
        report = compute_report(project=get_project(options["project"]), sources=sources_with(options["others"]))
        return {
            "project": options["project"],
            "sources": report.sources.split(","),
            "computed_at": report.computed_at.isoformat(),
            "judgments": report.judgments,
            "result": report.result,
            "annotators": report.annotators,
        }
