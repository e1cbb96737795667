"""Doing things the way a script does: the promised commands with --json, and waiting for the runs they queue."""

import json
import time
from io import StringIO
from typing import Any

from django.core.management import call_command
from django.db import close_old_connections

from finetuning.loop.report import StageFailed
from runs.models import Run

POLL_SECONDS = 0.5


def command(name: str, /, *arguments: Any, **options: Any) -> dict[str, Any]:
    """Call `manage.py NAME … --json` in this process and return its JSON answer."""
    out = StringIO()
    call_command(name, *[str(argument) for argument in arguments], json=True, stdout=out, **options)
    answer: dict[str, Any] = json.loads(out.getvalue().strip().splitlines()[-1])
    return answer


def finished(run_id: str, *, timeout_seconds: float = 900) -> Run:
    """Wait until a worker has seen a run through. Raises: StageFailed with the run's reason if it did not succeed."""
    deadline = time.monotonic() + timeout_seconds
    while time.monotonic() < deadline:
        close_old_connections()
        run = Run.objects.get(pk=run_id)
        if run.state == Run.State.SUCCEEDED:
            return run
        if run.is_finished:
            raise StageFailed(f"run “{run.title}” {run.state}: {run.error}")
        time.sleep(POLL_SECONDS)
    raise StageFailed(f"run {run_id} did not end within {timeout_seconds:.0f} s")
