"""manage.py create_snapshot PROJECT …"""

from dataclasses import fields
from datetime import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config.commands import JsonCommand
from labeling.errors import InvalidSnapshot
from labeling.queries import get_project
from labeling.services.snapshots import REVIEW_RULES, SnapshotRequest, freeze_snapshot, pair_rules, snapshot_path
from preferences.pairs import PairRules

REVIEW_HELP = {
    "adjudication": "What a reviewer's own verdict does to the others on its comparison.",
    "returned": "What becomes of verdicts that a reviewer returned and nobody has redone.",
}
RULES = [field.name for field in fields(PairRules)]


class Command(JsonCommand):
    help = "Freeze what was judged into an immutable file. The same content gives the snapshot it has already."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--name", default="")
        add_request_arguments(parser)

    def handle_json(self, **options: Any) -> dict[str, Any]:
        frozen = freeze_snapshot(project=get_project(options["project"]), request=request_from(options))
        snapshot, manifest = frozen.snapshot, frozen.snapshot.manifest
        return {
            "snapshot": str(snapshot.pk),
            "sha256": snapshot.content_sha256,
            "file_sha256": snapshot.file_sha256,
            "file": str(snapshot_path(snapshot)),
            "is_new": frozen.is_new,
            "counts": manifest["counts"],
            "drops": manifest["drops"],
        }


def add_request_arguments(parser: CommandParser) -> None:
    """Arguments of whatever freezes: what to leave out, how to split, how to derive pairs."""
    parser.add_argument("--exclude-imported", action="store_true")
    parser.add_argument("--exclude-simulated", action="store_true")
    parser.add_argument("--exclude-annotator", action="append", default=[], metavar="PSEUDONYM")
    parser.add_argument("--include-unjudged", action="store_true", help="Keep comparisons without a verdict too.")
    for name, allowed in REVIEW_RULES.items():
        parser.add_argument(f"--{name}", choices=allowed, default=allowed[0], help=REVIEW_HELP[name])
    parser.add_argument("--since", help="Verdicts from this time on (ISO 8601).")
    parser.add_argument("--until", help="Verdicts up to this time, as they stood then (ISO 8601).")
    parser.add_argument("--seed", type=int, default=0, help="Of the split.")
    parser.add_argument("--validation", type=float, default=0.1, help="Expected share of prompts, 0 to 1.")
    parser.add_argument("--test", type=float, default=0.1, help="Expected share of prompts, 0 to 1.")
    for name in RULES:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=f"rule_{name}", help="How pairs are derived.")


def request_from(options: dict[str, Any]) -> SnapshotRequest:
    """What the arguments ask for. Raises: InvalidSnapshot."""
    return SnapshotRequest(
        exclude_imported=options["exclude_imported"],
        exclude_simulated=options["exclude_simulated"],
        exclude_annotators=tuple(options["exclude_annotator"]),
        include_unjudged=options["include_unjudged"],
        since=_time(options["since"]),
        until=_time(options["until"]),
        **{name: options[name] for name in REVIEW_RULES},
        seed=options["seed"],
        validation=options["validation"],
        test=options["test"],
        rules=pair_rules({name: options[f"rule_{name}"] for name in RULES if options.get(f"rule_{name}")}),
        name=options.get("name", ""),
    )


def _time(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        time = parse_datetime(text if len(text) > 10 else f"{text}T00:00:00")
    except ValueError:
        time = None
    if time is None:
        raise InvalidSnapshot(f"“{text}” is no time. Write it as 2026-01-31T09:00:00+09:00.")
    return time if timezone.is_aware(time) else timezone.make_aware(time)
