"""The pulse of one attempt: it tells the database that the attempt lives, and hears whether it should stop."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from django.db import DatabaseError, InterfaceError, connection
from django.utils.translation import gettext as _

from runs import interruption
from runs.directories import append_log
from runs.errors import RunCancelled, RunInterrupted, StaleAttempt
from runs.models import Run
from runs.services.claiming import heartbeat, record_progress

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 2.0
PROGRESS_SECONDS = 1.0


class Progress:
    """Given to every kind as `progress`. `progress(done, total)` reports, and raises when the run must stop.

    Use as a context manager around an attempt: a thread renews the heartbeat meanwhile. Inside a transaction there is
    no thread, because nobody outside could see the claim; then the calls themselves renew it.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.is_held = True
        self.cancel_requested = False
        self._done: tuple[int, int | None] = (run.progress_done, run.progress_total)
        self._reported_at = 0.0
        self._beat_at = time.monotonic()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if not connection.in_atomic_block:
            self._thread = threading.Thread(target=self._keep_beating, name=f"heartbeat-{self.run.pk}", daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def __call__(self, done: int, total: int | None = None) -> None:
        """Report how far the work is, in whatever unit it counts.

        Raises:
            RunCancelled, RunInterrupted: stop here; what is committed stays.
            StaleAttempt: another attempt has taken over; write nothing more.
        """
        self.report(done, total)
        self.stop_if_asked()

    def report(self, done: int, total: int | None) -> None:
        """Store the progress, at most once a second, and at the end."""
        now = time.monotonic()
        if (done, total) == self._done or (done != total and now - self._reported_at < PROGRESS_SECONDS):
            return
        self._done, self._reported_at = (done, total), now
        if not record_progress(run_id=self.run.pk, attempt=self.run.attempt, done=done, total=total):
            self.is_held = False

    def stop_if_asked(self) -> None:
        """Raise when the run is lost, cancelled or interrupted; otherwise do nothing, cheaply."""
        if self._thread is None and time.monotonic() - self._beat_at >= HEARTBEAT_SECONDS:
            self.beat()
        if not self.is_held:
            raise StaleAttempt(_("Another attempt has taken over this run."))
        if self.cancel_requested:
            raise RunCancelled
        if interruption.is_leaving():
            raise RunInterrupted

    def log(self, line: str) -> None:
        """Add a line to the run's log."""
        append_log(self.run, line)

    def beat(self) -> None:
        """Renew the heartbeat now."""
        pulse = heartbeat(run_id=self.run.pk, attempt=self.run.attempt)
        self._beat_at = time.monotonic()
        self.is_held = pulse.is_held
        self.cancel_requested = pulse.cancel_requested

    def _keep_beating(self) -> None:
        try:
            while self.is_held and not self._ended.wait(HEARTBEAT_SECONDS):
                try:
                    self.beat()
                except (DatabaseError, InterfaceError) as error:
                    # A database that restarts or is locked for a while is no reason to give up: the claim holds until
                    # the silence is long enough for the reaper, and then the next beat learns it.
                    logger.warning("Run %s: no heartbeat just now (%s).", self.run.pk, error)
                    connection.close()
        finally:
            connection.close()
