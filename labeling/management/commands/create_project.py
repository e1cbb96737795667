"""manage.py create_project SLUG [--overlap N] …"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.models import Instrument, Person
from labeling.presets import PRESETS, Preset
from labeling.services.projects import create_project


class Command(JsonCommand):
    help = "Create a project with its instrument and guidelines."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("slug")
        parser.add_argument("--name", default="")
        parser.add_argument("--overlap", type=int, help="Judgments wanted per comparison; 1, unless a preset says.")
        parser.add_argument("--lease-seconds", type=int, default=600)
        parser.add_argument("--daily-quota", type=int, help="Judgments a person is asked for each day.")
        parser.add_argument(
            "--preset", choices=list(PRESETS), help="A published protocol; the options below change it."
        )
        parser.add_argument(
            "--kind", "--instrument", choices=Instrument.Kind.values, help="pair, unless a preset says."
        )
        parser.add_argument("--places", type=int, help="How many of the best are put in order; 1 is best-of-K.")
        parser.add_argument("--strength-steps", type=int, choices=[3, 4])
        parser.add_argument(
            "--reason-from", type=int, choices=[0, 1, 2, 3], help="Strength that needs a reason; 0: all."
        )
        parser.add_argument("--improve", action="store_true", help="Open the chosen response for improvement.")
        parser.add_argument("--no-ties", action="store_true")
        parser.add_argument("--no-strength", action="store_true")
        parser.add_argument("--no-all-bad", action="store_true")
        parser.add_argument("--guidelines", help="A Markdown file.")
        parser.add_argument("--owner", help="E-mail of the person who manages it.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        guidelines = Path(options["guidelines"]).read_text() if options["guidelines"] else ""
        preset = PRESETS.get(options["preset"] or "")
        project = create_project(
            slug=options["slug"],
            name=options["name"],
            judgments_per_comparison=options["overlap"] or (preset.judgments_per_comparison if preset else 1),
            lease_seconds=options["lease_seconds"],
            daily_quota=options["daily_quota"],
            guidelines=guidelines,
            instrument=_instrument(preset, options),
            created_by=Person.objects.get(email=options["owner"].lower()) if options["owner"] else None,
        )
        kind = project.instrument.kind
        return {"project": project.slug, "overlap": project.judgments_per_comparison, "instrument": kind}


def _instrument(preset: Preset | None, options: dict[str, Any]) -> dict[str, Any]:
    """The preset's instrument, with what the command line says instead."""
    given = {
        "kind": options["kind"],
        "places_asked": options["places"],
        "strength_steps": options["strength_steps"],
        "reason_from_strength": options["reason_from"],
        "asks_improvement": options["improve"] or None,
        "allows_ties": False if options["no_ties"] else None,
        "asks_strength": False if options["no_strength"] else None,
        "allows_all_bad": False if options["no_all_bad"] else None,
    }
    begun = dict(preset.instrument) if preset else {}
    return begun | {name: value for name, value in given.items() if value is not None}
