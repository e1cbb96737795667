"""Storing what an import reads, chunk by chunk, each with its counts in one transaction."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from labeling.errors import ImportOvertaken
from labeling.models import ImportBatch, Project
from labeling.services.intake import Intake, Outcome
from labeling.services.pending import Pending
from labeling.services.rejects import Reject, RejectFile
from preferences.errors import InvalidRow
from preferences.formats import Reading
from preferences.records import ComparisonRecord

WRITE_TRIES = 3
SWITCH_SECONDS = 0.0005  # the thread that writes needs little of the interpreter, and often

CHECKPOINT_PAGES = 50_000  # of 4 KB, of SQLite's log
CACHED_KB = 64_000  # of pages by SQLite: those that a chunk changes

Chunk = list[Reading]


@dataclass
class Counts:
    """What became of the rows: rows = accepted + rejected + unchanged, at every moment."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    unchanged: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk, outcomes: list[Outcome]) -> list[Reject]:
        """Count what became of some rows; returns those that were left out."""
        refused: list[Reject] = []
        for reading, outcome in zip(chunk, outcomes, strict=True):
            rows = len(reading.rows)
            self.rows += rows
            if isinstance(outcome, InvalidRow):
                self.rejected += rows
                refused += [Reject.of(number, outcome, row) for number, row in reading.rows]
            elif outcome == "accepted":
                self.accepted += rows
            else:
                self.unchanged += rows
        self.reasons.update(reject.reason for reject in refused)
        return refused

    def copy(self) -> "Counts":
        return replace(self, reasons=Counter(self.reasons))

    def as_json(self) -> dict[str, int]:
        return {
            "rows": self.rows,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "unchanged": self.unchanged,
        }


class Storing:
    """Stores an import's chunks in the order given.

    A chunk is written, and its foreign keys are checked, while the next one is read and decided: by a thread with a
    connection of its own, so that at most one chunk is on its way. What is decided meanwhile expects that chunk to be
    there. Somebody else may store a prompt or response of ours between our look and our write (new generations do), or
    on SQLite take our ids; the database then refuses ours, and a second look, under the project's lock, finds theirs.

    Args:
        counts: brought up to date when a chunk is committed.
        progress: told the rows committed after each chunk; may raise to stop.
    """

    def __init__(
        self,
        intake: Intake,
        batch: ImportBatch,
        counts: Counts,
        rejects: RejectFile,
        progress: Callable[[int], None],
    ) -> None:
        self.intake, self.batch, self.counts, self.rejects, self.progress = intake, batch, counts, rejects, progress
        self._is_alone = connection.in_atomic_block
        self._draws_ids_by_commits = connection.vendor == "postgresql" and not self._is_alone
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="storing an import")
        self._on_its_way: tuple[Future[Counts], Chunk] | None = None
        self._rejects_kept = rejects.position()

    def add(self, chunk: Chunk) -> None:
        """Store a chunk, now or while the next one is decided. Raises: ImportOvertaken."""
        if self._is_alone:
            self._store(chunk)
            return
        outcomes, pending = self.intake.decide_rows(records_of(chunk))
        if not self._settle():
            outcomes, pending = self.intake.decide_rows(records_of(chunk))
        self.intake.expecting(pending)
        self._on_its_way = self._writer.submit(self._write_elsewhere, chunk, outcomes, pending), chunk

    def _settle(self) -> bool:
        """See that the chunk on its way is stored; False if it was decided anew, and with it all that came after."""
        if self._on_its_way is None:
            return True
        written, chunk = self._on_its_way
        self._on_its_way = None
        try:
            self._become(written.result())
        except IntegrityError:
            self._store(chunk)
            return False
        return True

    def _store(self, chunk: Chunk) -> None:
        """Decide on a chunk and store it, with the project's row locked from before the look until after the write."""
        self.intake.expecting(None)
        self.intake.look()
        for tries_left in reversed(range(WRITE_TRIES)):
            try:
                with transaction.atomic():
                    _lock(self.batch)
                    outcomes, pending = self.intake.decide_rows(records_of(chunk))
                    counts = self._write(chunk, outcomes, pending)
            except IntegrityError:
                if not tries_left:
                    raise
            else:
                self._become(counts)
                return

    def _write_elsewhere(self, chunk: Chunk, outcomes: list[Outcome], pending: Pending) -> Counts:
        _let_commits_wait_for_the_last()
        with transaction.atomic():
            _lock(self.batch)
            return self._write(chunk, outcomes, pending)

    def _write(self, chunk: Chunk, outcomes: list[Outcome], pending: Pending) -> Counts:
        """Write what was decided, and the counts after it. Raises: ImportOvertaken, IntegrityError."""
        pending.store()
        counts = self.counts.copy()
        self.rejects.go_back(self._rejects_kept)
        self.rejects.add(counts.add(chunk, outcomes_of(chunk, outcomes)))
        self.rejects.settle()
        if not ImportBatch.objects.filter(pk=self.batch.pk, rows=self.counts.rows).update(**counts.as_json()):
            raise ImportOvertaken(_("Another attempt goes on with this import."))
        return counts

    def _become(self, counts: Counts) -> None:
        vars(self.counts).update(vars(counts))
        self._rejects_kept = self.rejects.position()
        self.progress(self.counts.rows)

    def __enter__(self) -> Self:
        if not self._is_alone:
            self.intake.look_if_there_is_something()
        if self._draws_ids_by_commits:
            _let_commits_wait_for_the_last()
        self._switch_interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was read is stored, whatever ended the reading."""
        try:
            self._settle()
        finally:
            sys.setswitchinterval(self._switch_interval)
            if not self._is_alone:
                self._writer.submit(_close_own_connection)
            self._writer.shutdown()
            if self._draws_ids_by_commits:
                _let_commits_be_sure()


def records_of(chunk: Chunk) -> list[Sequence[ComparisonRecord]]:
    """The records of each row that means something."""
    return [reading.records for reading in chunk if reading.records]


def outcomes_of(chunk: Chunk, taken: list[Outcome]) -> list[Outcome]:
    """What becomes of each reading of a chunk, in order, given what becomes of those with records."""
    remaining = iter(taken)
    return [reading.found if isinstance(reading.found, InvalidRow) else next(remaining) for reading in chunk]


def _lock(batch: ImportBatch) -> None:
    """Keep others from importing into the project until this transaction ends."""
    Project.objects.select_for_update(no_key=True).filter(pk=batch.project_id).values("pk").get()


def _let_commits_wait_for_the_last() -> None:
    """Let the commits of this thread's connection not wait for the disk.

    A machine that dies may lose the last chunks whole, rows and counts alike, and the import goes on before them; the
    commit that ends an import waits, and with it everything before it is on the disk. On SQLite pages that many
    chunks change are also copied to the database once in a while instead of after each.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET synchronous_commit TO off")
        else:
            cursor.execute("PRAGMA synchronous=NORMAL")
            cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
            cursor.execute(f"PRAGMA cache_size=-{CACHED_KB}")


def _let_commits_be_sure() -> None:
    """Let them wait for the disk again, as all others do. A connection that is lost has nothing to be told."""
    with suppress(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO DEFAULT")


def _close_own_connection() -> None:
    """Close the connection of the thread that this runs in."""
    connection.close()
