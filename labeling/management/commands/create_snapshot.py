"""manage.py create_snapshot PROJECT …"""

from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from config.commands import JsonCommand
from labeling.errors import InvalidSnapshot
from labeling.queries import get_project
from labeling.services.snapshots import (
    BENCHMARK_RULES,
    REVIEW_RULES,
    SnapshotRequest,
    freeze_snapshot,
    keep_benchmark,
    pair_rules,
    preview_snapshot,
    snapshot_path,
)
from preferences.pairs import PairRules

REVIEW_HELP = {
    "adjudication": "What a reviewer's own verdict does to the others on its comparison.",
    "returned": "What becomes of verdicts that a reviewer returned and nobody has redone.",
}
REPEATED = {
    "only-annotator": "PSEUDONYM",
    "exclude-annotator": "PSEUDONYM",
    "only-policy": "NAME",
    "exclude-policy": "NAME",
}
READ_BYTES = 1024 * 1024
RULES = [field.name for field in fields(PairRules)]


class Command(JsonCommand):
    help = "Freeze what was judged into an immutable file. The same content gives the snapshot it has already."

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument("--name", default="")
        parser.add_argument("--dry-run", action="store_true", help="Count what would be frozen, and freeze nothing.")
        add_request_arguments(parser)

    def handle_json(self, **options: Any) -> dict[str, Any]:
        project, asked = get_project(options["project"]), request_from(options)
        if options["dry_run"]:
            return preview_snapshot(project=project, request=asked).to_dict()
        frozen = freeze_snapshot(project=project, request=asked)
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
    for name, metavar in REPEATED.items():
        parser.add_argument(f"--{name}", action="append", default=[], metavar=metavar, help="May be given again.")
    parser.add_argument("--guideline-version", action="append", default=[], type=int, metavar="NUMBER")
    parser.add_argument("--least-gold-agreement", type=float, help="Lower end of an annotator's interval, 0 to 1.")
    parser.add_argument("--least-agreement", type=float, help="Of the verdicts on a comparison, 0 to 1.")
    parser.add_argument("--exclude-suspicious", action="store_true", help="Unless a reviewer accepted the judgment.")
    parser.add_argument("--benchmark", metavar="FILE", help="JSONL of benchmark prompts to look for.")
    overlap = BENCHMARK_RULES["benchmark_overlap"]
    parser.add_argument("--benchmark-overlap", choices=overlap, default=overlap[0], help="What becomes of prompts.")
    parser.add_argument("--include-unjudged", action="store_true", help="Keep comparisons without a verdict too.")
    for name, allowed in REVIEW_RULES.items():
        parser.add_argument(f"--{name}", choices=allowed, default=allowed[0], help=REVIEW_HELP[name])
    parser.add_argument("--since", help="Verdicts from this time on (ISO 8601).")
    parser.add_argument("--until", help="Verdicts up to this time, as they stood then (ISO 8601).")
    parser.add_argument("--seed", type=int, default=0, help="Of the split.")
    parser.add_argument("--validation", type=float, default=0.1, help="Expected share of prompts, 0 to 1.")
    parser.add_argument("--test", type=float, default=0.1, help="Expected share of prompts, 0 to 1.")
    parser.add_argument(
        "--group-near-duplicates", action="store_true", help="Keep prompts that are nearly the same in one split."
    )
    for name in RULES:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=f"rule_{name}", help="How pairs are derived.")


def request_from(options: dict[str, Any]) -> SnapshotRequest:
    """What the arguments ask for. Raises: InvalidSnapshot."""
    return SnapshotRequest(
        exclude_imported=options["exclude_imported"],
        exclude_simulated=options["exclude_simulated"],
        exclude_suspicious=options["exclude_suspicious"],
        only_annotators=tuple(options["only_annotator"]),
        exclude_annotators=tuple(options["exclude_annotator"]),
        only_policies=tuple(options["only_policy"]),
        exclude_policies=tuple(options["exclude_policy"]),
        guideline_versions=tuple(options["guideline_version"]),
        least_gold_agreement=options["least_gold_agreement"],
        least_agreement=options["least_agreement"],
        benchmark=_benchmark(options["benchmark"]),
        benchmark_overlap=options["benchmark_overlap"],
        include_unjudged=options["include_unjudged"],
        since=_time(options["since"]),
        until=_time(options["until"]),
        **{name: options[name] for name in REVIEW_RULES},
        seed=options["seed"],
        validation=options["validation"],
        test=options["test"],
        group_near_duplicates=options["group_near_duplicates"],
        rules=pair_rules({name: options[f"rule_{name}"] for name in RULES if options.get(f"rule_{name}")}),
        name=options.get("name", ""),
    )


def _benchmark(path: str | None) -> str:
    if not path:
        return ""
    try:
        with Path(path).open("rb") as file:
            return keep_benchmark(iter(lambda: file.read(READ_BYTES), b""))
    except OSError:
        raise InvalidSnapshot(f"There is no file {path} to read benchmark prompts from.") from None


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
