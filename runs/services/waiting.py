"""Executing a queued run in the calling process, for commands with --wait and for tests."""

import time
from collections.abc import Callable

from runs import interruption
from runs.models import Run
from runs.services.claiming import claim_run, worker_name
from runs.services.executing import execute_claimed

POLL_SECONDS = 0.5


def run_here(run: Run, *, on_wait: Callable[[Run], None] | None = None) -> Run:
    """See a run through to its end, and return it as it ended.

    It is claimed here if it can be; where a worker was faster, or the compute slots are taken, this waits. A killed
    child is tried again as in a worker. Ctrl-C cancels the run (it can be resumed); SIGTERM puts it back in the queue.

    Args:
        on_wait: called with the fresh row while somebody else executes it or the slots are taken, about twice a second.
    """
    with interruption.interruptible():
        while not interruption.is_leaving():
            claimed = claim_run(run_id=run.pk, worker=worker_name())
            if claimed is not None:
                execute_claimed(claimed)
            run = Run.objects.get(pk=run.pk)
            if run.is_finished:
                break
            if claimed is None:
                if on_wait is not None:
                    on_wait(run)
                time.sleep(POLL_SECONDS)
    return run
