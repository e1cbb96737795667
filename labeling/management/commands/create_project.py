"""manage.py create_project SLUG [--overlap N] …"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.models import Instrument, Person
from labeling.services.projects import create_project


class Command(JsonCommand):
    help = "Create a project with its instrument and guidelines."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", default="")
        parser.add_argument("--overlap", type=int, default=1, help="Judgments wanted per comparison.")
        parser.add_argument("--lease-seconds", type=int, default=600)
        parser.add_argument("--daily-quota", type=int, help="Judgments a person is asked for each day.")
        parser.add_argument("--instrument", choices=Instrument.Kind.values, default=Instrument.Kind.PAIR)
        parser.add_argument("--no-ties", action="store_true")
        parser.add_argument("--no-strength", action="store_true")
        parser.add_argument("--no-all-bad", action="store_true")
        parser.add_argument("--guidelines", help="A Markdown file.")
        parser.add_argument("--owner", help="E-mail of the person who manages it.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        guidelines = Path(options["guidelines"]).read_text() if options["guidelines"] else ""
        project = create_project(
            slug=options["slug"],
            name=options["name"],
            judgments_per_comparison=options["overlap"],
            lease_seconds=options["lease_seconds"],
            daily_quota=options["daily_quota"],
            guidelines=guidelines,
            instrument={
                "kind": options["instrument"],
                "allows_ties": not options["no_ties"],
                "asks_strength": not options["no_strength"],
                "allows_all_bad": not options["no_all_bad"],
            },
            created_by=Person.objects.get(email=options["owner"].lower()) if options["owner"] else None,
        )
        return {"project": project.slug, "overlap": project.judgments_per_comparison}
