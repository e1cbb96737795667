"""The worker and beat that the loop's runs need, started the way an installation starts them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

STOP_SECONDS = 15


@contextmanager
def worker_and_beat(home: Path) -> Iterator[None]:
    """Keep a worker, beat and scorer alive under the process runner, which restarts one that is killed."""
    log = (home / "processes.log").open("w")
    runner = subprocess.Popen(
        [sys.executable, "-m", "config.processes", "--only", "worker,beat,scorer"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PLUMBLINE_SCORER_URL": settings.PLUMBLINE_SCORER_URL},
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield
    finally:
        runner.send_signal(signal.SIGTERM)
        try:
            runner.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(runner.pid, signal.SIGKILL)
        log.close()
