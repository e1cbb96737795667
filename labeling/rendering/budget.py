"""How much processor time one text may take."""

from time import thread_time

STEPS_BETWEEN_LOOKS = 64  # reading the thread's clock is a system call


class OutOfBudget(Exception):
    """A text takes too long to parse, or is nested too deeply; it is shown as it was written."""


class Budget:
    """Processor time of this thread, in seconds: a busy machine does not change what a text looks like."""

    def __init__(self, seconds: float) -> None:
        self._end = thread_time() + seconds
        self._steps = 0

    def spend(self) -> None:
        """Count one step of work. Raises: OutOfBudget."""
        self._steps += 1
        if self._steps % STEPS_BETWEEN_LOOKS == 0 and thread_time() > self._end:
            raise OutOfBudget
