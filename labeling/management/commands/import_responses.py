"""manage.py import_responses PROJECT FILE [--format auto|…] [--dry-run]"""

import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from config.commands import JsonCommand
from labeling.errors import ImportStopped, RowsRefused, UnreadableUpload
from labeling.queries import get_project
from labeling.services.imports import (
    AUTO,
    counts_of,
    rehearse_import,
    rejected_path,
)
from labeling.services.rejects import count_reasons, read_rejects
from labeling.services.sources import FOLDER, check_source, fetch_source, is_source
from labeling.services.uploads import batch_of, queue_fetched_import, queue_import, read_mapping, sha256_of
from preferences.formats import FORMATS
from runs.models import Run
from runs.services.waiting import run_here

SHOWN_REJECTS = 20


class Command(JsonCommand):
    help = (
        "Read a file of responses or preferences into a project. Rows that cannot be taken are named by line and kept "
        "in a file; the others go in. Reading the same file again changes nothing."
    )

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project")
        parser.add_argument(
            "file",
            help="A file, a folder as datasets.load_dataset takes it, hub:OWNER/NAME[?split=…&config=…&revision=…], "
            "storage:PATH in PLUMBLINE_IMPORT_STORAGE, or s3://BUCKET/PATH.",
        )
        parser.add_argument("--format", default=AUTO, choices=[AUTO, *FORMATS])
        parser.add_argument(
            "--mapping", metavar="FILE", help="A TOML or JSON file that says which columns hold what, for any table."
        )
        parser.add_argument("--dry-run", action="store_true", help="Say what would happen, and change nothing.")
        parser.add_argument(
            "--labels-settle",
            action="store_true",
            help="Take imported labels as settled: rows that carry a judgment are not put before people.",
        )
        parser.add_argument(
            "--all-or-nothing",
            action="store_true",
            help="Read the file twice, and import nothing of it if any row cannot be taken.",
        )

    def handle_json(self, **options: Any) -> dict[str, Any]:
        project = get_project(options["project"])
        mapping, place = mapping_in(options["mapping"]), place_of(options["file"])
        if options["dry_run"]:
            return self.rehearse(place, project=project, format=options["format"], mapping=mapping)
        asked: dict[str, Any] = {
            "project": project,
            "format": options["format"],
            "mapping": mapping,
            "people_judge_again": not options["labels_settle"],
            "all_or_nothing": options["all_or_nothing"],
        }
        if isinstance(place, str):
            batch = queue_fetched_import(source=place, by_operator=True, **asked)
        else:
            batch = queue_import(file=place, file_name=place.name, file_sha256=sha256_of(place), **asked)
        assert batch.run is not None  # noqa: S101  queue_import made it
        run = run_here(batch.run)
        batch = batch_of(run.pk)
        kept = rejected_path(batch)
        self.tell_rejects(read_rejects(kept, limit=SHOWN_REJECTS), batch.rejected)
        if options["all_or_nothing"] and batch.rejected and not batch.accepted:
            raise RowsRefused(run.error, fields={"rejected": batch.rejected, "rejected_file": str(kept)})
        if run.state != Run.State.SUCCEEDED:
            raise ImportStopped(
                f"The import stopped after {batch.rows} rows: {run.error or run.get_state_display()} "
                "Run the same command again to go on.",
                fields=counts_of(batch),
            )
        return {
            **counts_of(batch),
            "format": batch.format,
            "reasons": count_reasons(kept),
            "import": str(run.pk),
            "rejected_file": str(kept) if batch.rejected else None,
        }

    def rehearse(self, place: Path | str, **asked: Any) -> dict[str, Any]:
        """Say what would happen; what lies elsewhere is fetched into a folder that is gone afterwards."""
        with tempfile.TemporaryDirectory() as folder:
            path, pictures_from = Path(folder) / "fetched", None
            if isinstance(place, str):
                fetch_source(check_source(place, by_operator=True), path)
            else:
                path, pictures_from = place, place.parent
            counts, rejects = rehearse_import(path=path, pictures_from=pictures_from, **asked)
        self.tell_rejects((reject.as_json() for reject in rejects[:SHOWN_REJECTS]), counts.rejected)
        return {**counts.as_json(), "dry_run": True, "reasons": dict(counts.reasons)}

    def tell_rejects(self, rejects: Any, total: int) -> None:
        """Name the first rejected rows on stderr."""
        for reject in rejects:
            self.say(f"line {reject['line']}: {reject['message']}")
        if total > SHOWN_REJECTS:
            self.say(f"… and {total - SHOWN_REJECTS} more rows, all in the rejected file.")


def place_of(file: str) -> Path | str:
    """A file on this machine, or a source to fetch from. Raises: UnreadableUpload."""
    if is_source(file):
        return file
    path = Path(file).resolve()
    if path.is_dir():
        return f"{FOLDER}{path}"
    if not path.is_file():
        raise UnreadableUpload(f"There is no file {file}.")
    return path


def mapping_in(file: str | None) -> dict[str, Any] | None:
    """What a mapping file says, if one is named."""
    if file is None:
        return None
    if not Path(file).is_file():
        raise UnreadableUpload(f"There is no file {file}.")
    return read_mapping(Path(file).read_bytes())
