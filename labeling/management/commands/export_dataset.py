"""manage.py export_dataset PROJECT --format F --out FILE|FOLDER/ [--snapshot ID]"""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.errors import InvalidSnapshot
from labeling.management.commands.create_snapshot import RULES, add_request_arguments, request_from
from labeling.models import Project, Snapshot
from labeling.queries import find_snapshot, get_project
from labeling.services.dataset_folder import CONTAINERS, prepare_folder, write_folder
from labeling.services.exports import (
    container_for,
    prepare_export,
    writable_containers,
    writable_formats,
    write_export,
)
from labeling.services.snapshots import freeze_snapshot, pair_rules
from preferences.pairs import PairRules
from preferences.splits import SPLITS


class Command(JsonCommand):
    help = "Write a project's judgments in a format, from a snapshot or from what stands now (which is frozen first)."

    def add_own_arguments(self, parser: CommandParser) -> None:
        suffixes = ", ".join(f".{name}" for name in writable_containers())
        parser.add_argument("project")
        parser.add_argument("--format", required=True, choices=writable_formats())
        parser.add_argument(
            "--out", required=True, help=f"The file to write. Its name ends in one of {suffixes}, or in / for a folder."
        )
        parser.add_argument("--folder", choices=CONTAINERS, help="Write a folder of such files for load_dataset.")
        parser.add_argument("--license", default="unknown", help="For the folder's card, as the hub names licences.")
        parser.add_argument("--snapshot", help="Its id, or the start of its sha256.")
        parser.add_argument("--split", choices=SPLITS, help="Only this part.")
        add_request_arguments(parser)

    def handle_json(self, **options: Any) -> dict[str, Any]:
        project = get_project(options["project"])
        out = Path(options["out"])
        if not out.resolve().parent.is_dir():
            raise InvalidSnapshot(f"There is no folder {out.resolve().parent} to write to.")
        is_folder = bool(options["folder"]) or options["out"].endswith("/")
        if is_folder and options["split"]:
            raise InvalidSnapshot("A folder holds every split. Leave --split out.")
        container = options["folder"] or CONTAINERS[0] if is_folder else container_for(out.name)
        snapshot = self.snapshot_of(project, options)
        given = {name: options[f"rule_{name}"] for name in RULES if options.get(f"rule_{name}")}
        asked: dict[str, Any] = {
            "snapshot": snapshot,
            "format": options["format"],
            "container": container,
            "rules": pair_rules(given, PairRules.from_dict(snapshot.manifest["rules"])),
        }
        if is_folder:
            told = write_folder(prepare_folder(**asked, license=options["license"]), out)
            return {**told, "sha256": snapshot.content_sha256, "folder": str(out)}
        told = write_export(prepare_export(**asked, split=options["split"]), out)
        return {**told, "sha256": snapshot.content_sha256, "file": str(out), "bytes": out.stat().st_size}

    def snapshot_of(self, project: Project, options: dict[str, Any]) -> Snapshot:
        """The snapshot asked for, or one of what stands now. Raises: InvalidSnapshot."""
        if not options["snapshot"]:
            return freeze_snapshot(project=project, request=request_from(options)).snapshot
        return find_snapshot(project, options["snapshot"])
