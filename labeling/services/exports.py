"""Writing a snapshot in a format, row by row: nothing is held in memory, and what was dropped is counted."""

import gzip
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot
from labeling.models import Snapshot
from labeling.services.snapshots import snapshot_path
from preferences.errors import DamagedSnapshot
from preferences.formats import FORMATS, ExportReport, Format, export_rows
from preferences.pairs import PairRules
from preferences.splits import SPLITS, Split

CHUNK_BYTES = 64 * 1024


def writable_formats() -> list[str]:
    return [name for name, format in FORMATS.items() if format.can_write]


@dataclass(frozen=True)
class Export:
    """One export about to be written. `report` is complete once `rows()` or `chunks()` has been read to its end."""

    snapshot: Snapshot
    path: Path
    format: Format
    rules: PairRules
    split: Split | None
    report: ExportReport

    @property
    def file_name(self) -> str:
        part = f"-{self.split}" if self.split else ""
        return f"{self.snapshot.project.slug}-{self.snapshot.content_sha256[:12]}-{self.format.name}{part}.jsonl"

    def rows(self) -> Iterator[dict[str, Any]]:
        from preferences.snapshot import read_snapshot  # Arrow is not loaded before it is needed

        return export_rows(read_snapshot(self.path, split=self.split), self.format, self.rules, self.report)

    def chunks(self) -> Iterator[bytes]:
        """The file as JSONL: the first row at once, the others in bunches that are worth a write."""
        held, size = [], 0
        for row in self.rows():
            line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            held.append(line)
            size += len(line)
            if size >= CHUNK_BYTES or self.report.rows == 1:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)

    def told(self) -> dict[str, Any]:
        """The finished report as JSON: rows written, what was dropped and why, what the format has no place for."""
        return {
            "snapshot": str(self.snapshot.pk),
            "format": self.format.name,
            "split": self.split,
            **self.report.to_dict(),
            "not_held": self.format.drops,
        }


def prepare_export(
    *, snapshot: Snapshot, format: str, split: str | None = None, rules: PairRules | None = None
) -> Export:
    """Check that an export can be written, before its first byte.

    Args:
        rules: how pairs are derived; those of the snapshot's manifest by default.

    Raises: InvalidSnapshot for a format or split that does not exist; SnapshotFileMissing.
    """
    if format not in writable_formats():
        raise InvalidSnapshot(
            _("There is no format “%(format)s” to write. There are: %(formats)s.")
            % {"format": format, "formats": ", ".join(writable_formats())},
            fields={"format": format},
        )
    if split is not None and split not in SPLITS:
        raise InvalidSnapshot(
            _("“%(split)s” is no split. There are: %(splits)s.") % {"split": split, "splits": ", ".join(SPLITS)},
            fields={"split": split},
        )
    from preferences.snapshot import read_snapshot

    path = snapshot_path(snapshot)
    try:
        read_snapshot(path)
    except DamagedSnapshot as error:
        raise InvalidSnapshot(str(error)) from None
    return Export(
        snapshot=snapshot,
        path=path,
        format=FORMATS[format],
        rules=rules or PairRules.from_dict(snapshot.manifest["rules"]),
        split=cast("Split | None", split),
        report=ExportReport(),
    )


def write_export(export: Export, out: Path) -> dict[str, Any]:
    """Write an export to a file, compressed if its name ends in .gz; the file appears whole or not at all.

    Returns: the report.
    """
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with gzip.open(unfinished, "wb", compresslevel=6) if out.suffix == ".gz" else unfinished.open("wb") as file:
            for chunk in export.chunks():
                file.write(chunk)
        os.replace(unfinished, out)
    finally:
        unfinished.unlink(missing_ok=True)
    return export.told()


def report_export(export: Export) -> dict[str, Any]:
    """Say what an export would write and drop, without writing it."""
    for _row in export.rows():
        pass
    return export.told()
