"""Child processes that compute: how one is started, stopped, and found again after its supervisor died."""

import contextlib
import fcntl
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from runs.errors import LeftoverChild

logger = logging.getLogger(__name__)

# What a child has no business knowing: databases, brokers, keys, passwords. It talks through its directory alone.
SECRET_NAMES = re.compile(
    r"SECRET|PASSWORD|PASSWD|CREDENTIAL|(_|^)(TOKEN|KEY|DSN)$|DATABASE_URL|BROKER_URL|EMAIL_URL|^PG|^AWS_"
)
LEFTOVER_SAVES_SECONDS = 10.0


class Child:
    """One started `python -m MODULE RUN_DIR`, leader of a process group of its own."""

    def __init__(self, module: str, directory: Path) -> None:
        with (directory / "log.txt").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, str(directory)],
                cwd=settings.BASE_DIR,
                env=child_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,
            )
        (directory / "child.pid").write_text(json.dumps({"pid": self.process.pid, "module": module}))

    def wait(self, seconds: float) -> int | None:
        """The exit code once it has ended, None if it still runs after that time."""
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None

    def send(self, signal_number: int) -> None:
        """Signal the child and whatever it started."""
        signal_group(self.process.pid, signal_number)

    def stop(self, grace_seconds: float) -> None:
        """Ask it to save, wait, and end it with everything it started."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
            self.wait(grace_seconds)
        self.send(signal.SIGKILL)
        self.process.wait()


def child_environment() -> dict[str, str]:
    """The worker's environment without its secrets, and with the supervisor's process id."""
    environment = {name: value for name, value in os.environ.items() if not SECRET_NAMES.search(name)}
    return {
        **environment,
        "PLUMBLINE_PARENT_PID": str(os.getpid()),
        "PLUMBLINE_HOME": str(settings.PLUMBLINE_HOME),
        "PYTHONUNBUFFERED": "1",
    }


def stop_leftover_child(directory: Path) -> None:
    """End a child of an earlier attempt that outlived its supervisor, letting it save first.

    The lock tells whether one lives; child.pid tells which, and its command line proves that it is ours.

    Raises: LeftoverChild when the directory stays locked by a process that cannot be found from here.
    """
    if _is_free(directory):
        return
    pid = _recorded_pid(directory)
    logger.warning("%s: a child of an earlier attempt still lives (%s).", directory, pid)
    if pid is not None and _works_in(pid, directory):
        signal_group(pid, signal.SIGTERM)
        if not _becomes_free(directory, LEFTOVER_SAVES_SECONDS):
            signal_group(pid, signal.SIGKILL)
    if not _becomes_free(directory, LEFTOVER_SAVES_SECONDS):
        raise LeftoverChild(
            _("Another process still works in %(directory)s and cannot be stopped from here. End it, then resume.")
            % {"directory": directory}
        )


def signal_group(pid: int, signal_number: int) -> None:
    """Signal every process of the group that `pid` leads; a group that is gone is fine."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal_number)


def _is_free(directory: Path) -> bool:
    with (directory / "child.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def _becomes_free(directory: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not _is_free(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def _recorded_pid(directory: Path) -> int | None:
    try:
        return int(json.loads((directory / "child.pid").read_text())["pid"])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _works_in(pid: int, directory: Path) -> bool:
    """Whether that process was started on this directory; a process id that was given to another is left alone."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        listing = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
        command = listing.stdout
    return str(directory) in command
