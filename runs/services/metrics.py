"""Copying what a child wrote into metrics.jsonl into the database, each line once, whoever copies."""

import json
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Max

from runs.models import RunMetric

BATCH_LINES = 500


class MetricsTail:
    """Follows one run's metrics.jsonl from the line after the last one that the database holds.

    A line's number is its identity, so two supervisors that overlap for a moment store nothing twice.
    """

    def __init__(self, *, run_id: UUID, attempt: int, file: Path) -> None:
        self.run_id = run_id
        self.attempt = attempt
        self.file = file
        self.progress: tuple[int, int] | None = None
        self._stored = RunMetric.objects.filter(run=run_id).aggregate(last=Max("sequence"))["last"] or 0
        self._line_number = 0
        self._offset_bytes = 0

    def copy(self) -> int:
        """Store the lines that are complete by now; returns how many measured something.

        May be called again after a database error: it goes on where it had stored last.
        """
        copied = 0
        while lines := self._next_lines():
            numbered = enumerate(lines, start=self._line_number + 1)
            rows = [row for number, line in numbered if (row := self._row(number, line)) is not None]
            RunMetric.objects.bulk_create(rows, ignore_conflicts=True)
            self._line_number += len(lines)
            self._offset_bytes += sum(map(len, lines))
            copied += len(rows)
        return copied

    def _next_lines(self) -> list[bytes]:
        try:
            with self.file.open("rb") as stream:
                stream.seek(self._offset_bytes)
                return [line for line in islice(stream, BATCH_LINES) if line.endswith(b"\n")]
        except FileNotFoundError:
            return []

    def _row(self, number: int, line: bytes) -> RunMetric | None:
        """The line as a row, or None when it measures nothing: torn, progress alone, or stored before."""
        try:
            values: Any = json.loads(line)
        except ValueError:
            return None
        if not isinstance(values, dict):
            return None
        self._note_progress(values.pop("progress", None))
        step = values.pop("step", 0)
        if not values or number <= self._stored:
            return None
        return RunMetric(
            run_id=self.run_id,
            attempt=self.attempt,
            sequence=number,
            step=step if isinstance(step, int) and step >= 0 else 0,
            values=values,
        )

    def _note_progress(self, progress: Any) -> None:
        if isinstance(progress, list) and len(progress) == 2 and all(isinstance(part, int) for part in progress):
            self.progress = (max(progress[0], 0), max(progress[1], 0))
