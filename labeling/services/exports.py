"""Writing a snapshot in a format and a container, row by row, in constant memory; what was dropped is counted."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from django.utils.translation import gettext as _

from labeling.errors import InvalidSnapshot
from labeling.models import Snapshot
from labeling.services.snapshots import snapshot_path
from preferences.containers.writing import CONTAINERS, Container, container_named, container_of, written
from preferences.errors import DamagedSnapshot, UnknownContainer, UnwritableRow
from preferences.formats import FORMATS, ExportReport, Format, export_rows
from preferences.pairs import PairRules
from preferences.splits import SPLITS, Split

DEFAULT_CONTAINER = "jsonl"
PROGRESS_EVERY = 1_000


def writable_formats() -> list[str]:
    return [name for name, format in FORMATS.items() if format.can_write]


def writable_containers() -> list[str]:
    return list(CONTAINERS)


def writable_media_types() -> list[str]:
    return sorted({container.media_type for container in CONTAINERS.values()})


@dataclass(frozen=True)
class Export:
    """One export about to be written. `report` is complete once `rows()` or `chunks()` has been read to its end."""

    snapshot: Snapshot
    path: Path
    format: Format
    container: Container
    rules: PairRules
    split: Split | None
    report: ExportReport

    @property
    def file_name(self) -> str:
        part = f"-{self.split}" if self.split else ""
        start = f"{self.snapshot.project.slug}-{self.snapshot.content_sha256[:12]}"
        return f"{start}-{self.format.name}{part}.{self.container.name}"

    def rows(self) -> Iterator[dict[str, Any]]:
        from preferences.snapshot import read_snapshot  # Arrow is not loaded before it is needed

        return export_rows(read_snapshot(self.path, split=self.split), self.format, self.rules, self.report)

    def chunks(self, rows: Iterable[dict[str, Any]] | None = None) -> Iterator[bytes]:
        """The file, its first bytes at once.

        Args:
            rows: those of `rows()`, where somebody has begun to read them.

        Raises: UnwritableRow for a row that the container cannot hold.
        """
        rows = self.rows() if rows is None else rows
        return written(rows, self.container, columns=self.format.optional_fields)

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
    *,
    snapshot: Snapshot,
    format: str,
    container: str = DEFAULT_CONTAINER,
    split: str | None = None,
    rules: PairRules | None = None,
) -> Export:
    """Check that an export can be written, before its first byte.

    Args:
        rules: how pairs are derived; those of the snapshot's manifest by default.

    Raises: InvalidSnapshot for a format, container or split that does not exist; SnapshotFileMissing.
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
        chosen = container_named(container)
    except (DamagedSnapshot, UnknownContainer) as error:
        raise InvalidSnapshot(str(error)) from None
    return Export(
        snapshot=snapshot,
        path=path,
        format=FORMATS[format],
        container=chosen,
        rules=rules or PairRules.from_dict(snapshot.manifest["rules"]),
        split=cast("Split | None", split),
        report=ExportReport(),
    )


def container_for(file_name: str) -> str:
    """The name of the container that a file's suffixes ask for. Raises: InvalidSnapshot, naming those there are."""
    try:
        return container_of(file_name).name
    except UnknownContainer as error:
        raise InvalidSnapshot(str(error)) from None


def write_export(export: Export, out: Path) -> dict[str, Any]:
    """Write an export to a file, which appears whole or not at all.

    Returns: the report.
    Raises: InvalidSnapshot for a row that the container cannot hold.
    """
    unfinished = out.with_name(f".{out.name}.unfinished")
    try:
        with unfinished.open("wb") as file:
            for chunk in export.chunks():
                file.write(chunk)
        os.replace(unfinished, out)
    except UnwritableRow as error:
        raise InvalidSnapshot(str(error)) from None
    finally:
        unfinished.unlink(missing_ok=True)
    return export.told()


def report_export(export: Export, *, progress: Callable[[int], None] = lambda rows: None) -> dict[str, Any]:
    """Say what an export would write and drop, without writing it.

    Args:
        progress: told the number of rows now and then; may raise to stop.
    """
    for number, _row in enumerate(export.rows(), start=1):
        if number % PROGRESS_EVERY == 0:
            progress(number)
    return export.told()
