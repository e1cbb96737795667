"""How a worker that is leaving lets go of its run.

Two messages arrive, both in the pool process that executes the run:

- SIGURG, sent by the worker's main process at a warm shutdown (SIGTERM to the worker): put the run back, live on.
- SIGTERM, when the main process is gone (the kernel sends it) or the process itself is asked to end: put the run
  back, then end.

Either way the child is asked to save, and the run returns to the queue without using up an attempt.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from types import FrameType

_leaving = threading.Event()


def is_leaving() -> bool:
    """Whether this process was asked to let go of its run."""
    return _leaving.is_set()


def leave(signal_number: int = 0, frame: FrameType | None = None) -> None:
    """Ask for it. Usable as a signal handler."""
    _leaving.set()


def stay() -> None:
    """Forget that it was asked, as a fresh process does."""
    _leaving.clear()


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """While inside, SIGTERM means "put the run back"; on the way out it takes its usual effect.

    Signals reach the main thread alone; elsewhere nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    terminated = False

    def on_sigterm(signal_number: int, frame: FrameType | None) -> None:
        nonlocal terminated
        terminated = True
        leave()

    before = signal.signal(signal.SIGTERM, on_sigterm)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before if before is not None else signal.SIG_DFL)
        if terminated:
            os.kill(os.getpid(), signal.SIGTERM)
