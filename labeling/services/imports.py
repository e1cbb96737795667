"""Importing a file: streamed in short transactions, each row accounted for, safe to repeat at any point."""

import itertools
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from labeling.errors import RowsRefused, UnreadableUpload
from labeling.inserting import count_anew
from labeling.models import (
    Comparison,
    ComparisonResponse,
    ImportBatch,
    Instrument,
    Judgment,
    Project,
    Prompt,
    Response,
)
from labeling.services.chunks import chunks_of, with_pictures
from labeling.services.intake import Intake
from labeling.services.rejects import Reject, RejectFile
from labeling.services.storing import Counts, Storing, outcomes_of, records_of
from preferences import containers
from preferences.ahead import Reader
from preferences.collecting import collecting_rarely
from preferences.containers import open_rows
from preferences.errors import InvalidMapping, InvalidRow, UnknownFormat, UnreadableFile
from preferences.formats import FORMATS, Reading, detect, prompts

BATCH_ROWS = 2000
DETECTION_ROWS = 20
MANY_ROWS = 500  # enough to change how a database best reads its tables
AUTO = "auto"
SHOWN_REJECTS = 100


def readable_formats() -> list[str]:
    """The names a person may choose from, `auto` first."""
    return [AUTO, *(name for name, format in FORMATS.items() if format.is_detected)]


def rejected_path(batch: ImportBatch) -> Path:
    """Where the rows that a batch left out are kept."""
    return Path(settings.PLUMBLINE_HOME) / "imports" / str(batch.pk) / "rejected.jsonl"


def import_file(
    *,
    batch: ImportBatch,
    path: Path,
    mapping: dict[str, Any] | None = None,
    people_judge_again: bool = True,
    all_or_nothing: bool = False,
    pictures_from: Path | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> Counts:
    """Read a file into the batch's project; called again for the same batch, go on after the last row committed.

    A row is accepted if something of it is new, unchanged if all of it was there, and rejected with its line number
    and a reason otherwise; a row of several comparisons is taken whole or not at all. A judgment that a row brings
    becomes one by an annotator of kind "imported", who can be kept out of snapshots. It counts towards the
    comparison's own target but takes nobody's turn: people are asked for as many judgments as the project wants,
    besides the imported ones, because a project that imports labels usually wants to know whether its own people agree
    with them. `people_judge_again=False` takes imported labels as settled: rows that carry a judgment are not put
    before anybody.

    Args:
        batch: its format is a format's name or `auto`, and is set to the one detected.
        mapping: which columns hold what, for a table in no format; then no format is looked for.
        all_or_nothing: rehearse the whole file first, and store nothing if any row would be rejected.
        pictures_from: the folder that rows may name pictures in; None where a picture must be in the row itself.
        progress: told the number of rows after each batch; may raise to stop, and what is committed stays.

    Raises: UnreadableUpload when the file cannot be read any further; rows before that point stay imported, unless all
        or nothing was asked for. RowsRefused: it was, and rows would be rejected; they are kept with their reasons.
    """
    reader = _choose_reader(batch.format, path, batch.project, mapping)
    ImportBatch.objects.filter(pk=batch.pk).update(format=reader.as_format().name)
    if all_or_nothing and (batch.rejected or not batch.rows):  # otherwise the rehearsal went well, and rows are stored
        _rehearse_whole(batch, path, reader, pictures_from, progress)
    counts = Counts(batch.rows, batch.accepted, batch.rejected, batch.unchanged)
    intake = Intake(project=batch.project, batch=batch, people_judge_again=people_judge_again)
    kept = rejected_path(batch)
    with (
        collecting_rarely(),
        RejectFile(kept, keep=counts.rejected) as rejects,
        closing(_read(path, reader)) as all_readings,
    ):
        readings = with_pictures(_after(all_readings, counts.rows), batch.project, pictures_from)
        with Storing(intake, batch, counts, rejects, progress) as storing:
            for chunk in chunks_of(readings, most_rows=BATCH_ROWS):
                storing.add(chunk)
    if counts.accepted >= MANY_ROWS:
        count_anew(Comparison, ComparisonResponse, Judgment, Response, Prompt)
    ImportBatch.objects.filter(pk=batch.pk).update(
        finished_at=timezone.now(), rejected_file=str(kept.relative_to(settings.PLUMBLINE_HOME))
    )
    return counts


def _rehearse_whole(
    batch: ImportBatch, path: Path, reader: Reader, pictures_from: Path | None, progress: Callable[[int], None]
) -> None:
    """See that every row of the file can be taken; keep those that cannot. Raises: RowsRefused, UnreadableUpload."""
    kept = rejected_path(batch)
    with RejectFile(kept, keep=0) as rejects:
        counts = _rehearse(
            batch.project, path, reader, pictures_from, keep=rejects.add, progress=lambda _rows: progress(0)
        )
        rejects.settle()
    batch.rows = batch.rejected = counts.rejected
    ImportBatch.objects.filter(pk=batch.pk).update(
        rows=batch.rows, rejected=batch.rejected, rejected_file=str(kept.relative_to(settings.PLUMBLINE_HOME))
    )
    if counts.rejected:
        raise RowsRefused(
            _("Nothing was imported: %(rejected)d of %(rows)d rows cannot be taken, and all or none were asked for.")
            % {"rejected": counts.rejected, "rows": counts.rows},
            fields={"rows": counts.rows, "rejected": counts.rejected},
        )


def rehearse_import(
    *,
    project: Project,
    path: Path,
    format: str = AUTO,
    mapping: dict[str, Any] | None = None,
    pictures_from: Path | None = None,
    progress: Callable[[int], None] = lambda rows: None,
) -> tuple[Counts, list[Reject]]:
    """Say what importing a file would do, and do nothing.

    Returns: the counts, and the first hundred rows that would be rejected.
    Raises: UnreadableUpload.
    """
    refused: list[Reject] = []

    def keep_first(rejected: list[Reject]) -> None:
        refused.extend(rejected[: SHOWN_REJECTS - len(refused)])

    reader = _choose_reader(format, path, project, mapping)
    return _rehearse(project, path, reader, pictures_from, keep=keep_first, progress=progress), refused


def _rehearse(
    project: Project,
    path: Path,
    reader: Reader,
    pictures_from: Path | None,
    *,
    keep: Callable[[list[Reject]], None],
    progress: Callable[[int], None],
) -> Counts:
    """Decide on every row and store nothing; `keep` is given the rows that would be rejected, chunk by chunk."""
    counts = Counts()
    intake = Intake(project=project, is_rehearsal=True)
    with collecting_rarely(), closing(_read(path, reader)) as readings:
        for chunk in chunks_of(with_pictures(readings, project, pictures_from, keeps=False), most_rows=BATCH_ROWS):
            outcomes = outcomes_of(chunk, intake.take_rows(records_of(chunk)))
            keep(counts.add(chunk, outcomes))
            progress(counts.rows)
    return counts


def _takes_prompts(project: Project) -> bool:
    """Whether the project asks for demonstrations, so that a prompt alone is worth a comparison."""
    return Instrument.objects.filter(project=project, kind=Instrument.Kind.DEMONSTRATION).exists()


def _choose_reader(name: str, path: Path, project: Project, mapping: dict[str, Any] | None) -> Reader:
    """How the file is read: in the format named, in that of its first rows, or by the mapping.

    Where demonstrations are asked for, a prompt with one response or none is a row too.
    """
    takes_prompts = _takes_prompts(project)
    try:
        if name == AUTO and mapping is None:
            name = _detected(path, takes_prompts=takes_prompts)
        reader = Reader(name, mapping, takes_prompts)
        reader.as_format()
    except (InvalidMapping, UnknownFormat, UnreadableFile) as error:
        raise UnreadableUpload(str(error)) from None
    except OSError as error:
        raise UnreadableUpload(
            _("The file %(file)s cannot be opened: %(why)s.") % {"file": path.name, "why": error.strerror}
        ) from None
    return reader


def _detected(path: Path, *, takes_prompts: bool) -> str:
    first = [row for _number, row in itertools.islice(open_rows(path), DETECTION_ROWS)]
    if not first:
        raise UnreadableFile(_("The file is empty."))
    if takes_prompts and all(isinstance(row, InvalidRow) or prompts.matches(row) for row in first):
        return "responses"
    return detect(first)


def _read(path: Path, reader: Reader) -> Generator[Reading]:
    """What the rows of the file mean, or why they mean nothing. Raises: UnreadableUpload."""
    try:
        yield from reader.read_ahead(path)
    except UnreadableFile as error:
        raise UnreadableUpload(str(error)) from None


def _after(readings: Iterator[Reading], rows: int) -> Iterator[Reading]:
    """The readings after the first so many rows, which an earlier attempt stored."""
    for reading in readings:
        if rows <= 0:
            yield reading
        rows -= len(reading.rows)


def count_rows(path: Path) -> int | None:
    """About how many rows a file has, for a progress bar; None if it cannot be read to its end."""
    try:
        return containers.count_rows(path)
    except (UnreadableFile, OSError):
        return None


def counts_of(batch: ImportBatch) -> dict[str, Any]:
    """A batch's counts as every surface shows them."""
    return {name: getattr(batch, name) for name in ("rows", "accepted", "rejected", "unchanged")}
