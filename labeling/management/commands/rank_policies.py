"""manage.py rank_policies PROJECT …"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.errors import InvalidLeaderboard
from labeling.leaderboard_form import LeaderboardForm
from labeling.queries import get_project
from labeling.services.leaderboard import CHOICES, compute_leaderboard, keep_leaderboard

HELP = {
    "method": "How strengths come from judgments.",
    "weight": "What counts once; a unit is a prompt.",
    "adjudication": "What a reviewer's own verdict does to the others on its comparison.",
}
WORDS = ("topic", "domain", "language")
SWITCHES = {
    "equal_style": "Rank at equal length and Markdown too.",
    "imported": "Count imported judgments.",
    "simulated": "Count simulated judgments.",
}


class Command(JsonCommand):
    help = "Rank a project's policies by the judgments that stand."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        for name, allowed in CHOICES.items():
            parser.add_argument(f"--{name}", choices=allowed, default=allowed[0], help=HELP[name])
        for name, said in SWITCHES.items():
            parser.add_argument(f"--{name.replace('_', '-')}", action="store_true", help=said)
        for name in WORDS:
            parser.add_argument(f"--{name}", default="", help=f"Only what carries this {name}.")
        parser.add_argument("--since", default="", help="Verdicts from this time on (ISO 8601).")
        parser.add_argument("--until", default="", help="Verdicts up to this time (ISO 8601).")
        parser.add_argument("--annotator", action="append", default=[], metavar="PSEUDONYM", help="Only these.")
        parser.add_argument("--exclude-annotator", action="append", default=[], metavar="PSEUDONYM")
        parser.add_argument("--keep", action="store_true", help="Keep it for the page of a large project.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        given = {name: options[name] for name in (*CHOICES, *SWITCHES, *WORDS, "since", "until")}
        given["annotators"] = " ".join(options["annotator"])
        given["exclude_annotators"] = " ".join(options["exclude_annotator"])
        form = LeaderboardForm(given)
        if not form.is_valid():
            raise InvalidLeaderboard(
                "; ".join(f"{name}: {' '.join(map(str, said))}" for name, said in form.errors.items())
            )
        rank = keep_leaderboard if options["keep"] else compute_leaderboard
        report = rank(project=get_project(options["project"]), request=form.request())
        if not options["json"]:
            self.print_table(report.result)
            return report.result["counts"]
        return {"computed_at": report.computed_at.isoformat(), "asked": report.asked, **report.result}

    def print_table(self, board: dict[str, Any]) -> None:
        """The standings for a person, a policy a line."""
        for line in board["standings"]:
            score = line["score"]
            points = "undefined" if score["value"] is None else f"{score['value']:.0f}"
            spread = "" if score["low"] is None else f" ({score['low']:.0f} to {score['high']:.0f})"
            self.stdout.write(f"{line['rank']['value'] or '–'}  {line['policy']}  {points}{spread}")
