"""manage.py compare_snapshots A B"""

from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.queries import find_snapshot
from labeling.services.snapshots import compare_snapshots


class Command(JsonCommand):
    help = "Say how two snapshots differ: comparisons and judgments that one alone holds, verdicts, filters and rules."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("first", help="Its id, or the start of its sha256.")
        parser.add_argument("second", help="Its id, or the start of its sha256.")

    def handle_json(self, **options: Any) -> dict[str, Any]:
        first, second = (find_snapshot(None, options[name]) for name in ("first", "second"))
        return {
            "first": first.content_sha256,
            "second": second.content_sha256,
            **compare_snapshots(first, second).to_dict(),
        }
