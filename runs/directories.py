"""Where a run keeps its files: PLUMBLINE_HOME/runs/<id>/."""

import os
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from runs.models import Run

LOG_READ_LIMIT_BYTES = 4 * 1024 * 1024


def run_directory(run: Run) -> Path:
    """The run's directory, made if it is not there."""
    directory = Path(settings.PLUMBLINE_HOME) / "runs" / str(run.pk)
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def append_log(run: Run, line: str) -> None:
    """Add one line to the run's log.txt."""
    with (run_directory(run) / "log.txt").open("a", encoding="utf-8") as log:
        log.write(line.rstrip("\n") + "\n")


def log_tail(run: Run, *, lines: int = 200, search: str = "") -> list[str]:
    """The last lines of the run's log, oldest first; with `search`, the last lines that contain it (any case).

    Reads at most the newest 4 MB, so that an endless log cannot fill the web process.
    """
    newest: deque[str] = deque(maxlen=lines)
    needle = search.casefold()
    newest.extend(line for line in _log_lines(run) if needle in line.casefold())
    return list(newest)


def _log_lines(run: Run) -> Iterator[str]:
    file = Path(settings.PLUMBLINE_HOME) / "runs" / str(run.pk) / "log.txt"
    try:
        with file.open("rb") as log:
            size = os.fstat(log.fileno()).st_size
            if size > LOG_READ_LIMIT_BYTES:
                log.seek(size - LOG_READ_LIMIT_BYTES)
                log.readline()
            for line in log:
                # A progress bar rewrites its line with carriage returns; only its last state is worth reading.
                yield line.decode("utf-8", "replace").rstrip("\r\n").rpartition("\r")[2]
    except FileNotFoundError:
        return
