"""The Celery application. Messages are nudges; the rows of `runs` are the truth.

Celery's own signals are used for one thing: a worker that leaves tells its pool processes to let go of their runs.
"""

import contextlib
import os
import signal
from typing import Any

from billiard.process import active_children
from celery import Celery
from celery.signals import worker_process_init, worker_shutting_down

from config.filesystem_broker import use_atomic_files
from config.process_tree import end_with_parent
from runs import interruption

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

use_atomic_files()
app = Celery("plumbline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def listen_for_leaving(**kwargs: Any) -> None:
    """In a fresh pool process: let go of the run when the worker leaves, and when its main process is gone."""
    interruption.stay()
    signal.signal(signal.SIGURG, interruption.leave)  # a signal nobody else uses, ignored where nobody listens
    end_with_parent()  # Celery has the kernel send SIGKILL, which would leave no time to put the run back


@worker_shutting_down.connect
def ask_pool_to_leave(**kwargs: Any) -> None:
    """In the worker's main process, when it is asked to shut down: every run goes back into the queue."""
    for process in active_children():
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGURG)
