"""Starting several processes on one run, and answering for them to whoever started this one.

What `accelerate launch` does, with two differences that a supervisor needs: processes that are asked to stop may take
as long as saving takes, and this process ends the way they did (0 done, 1 failed, 75 saved and stopped, or by the
signal that killed one of them).
"""

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.run_directory import EXIT_STOPPED, EXIT_SUCCESS, RunDirectory, stop_when_parent_dies

LOOK_SECONDS = 0.1
LAST_WORDS_SECONDS = 10.0


def processes_wanted(argument: str) -> int:
    """How many processes the config asks for; 1 where they were started already, or the config cannot be read."""
    from rewardmodel.core.config_file import directory_of

    if "RANK" in os.environ:
        return 1
    try:
        wanted = RunDirectory(directory_of(argument)).read_config().get("processes", 1)
    except ExpectedFailure:
        return 1  # the one process that is started then says what is wrong
    return wanted if isinstance(wanted, int) else 1


def run_together(module: str, argument: str, *, count: int) -> int:
    """Run `python -m module argument` in `count` processes that know of each other, until all have ended.

    Returns: the exit code for all of them. A signal that killed one of them kills this process too.
    """
    port = _free_port()
    children = [_start(module, argument, rank=rank, count=count, port=port) for rank in range(count)]

    def ask_to_stop(signal_number: int, frame: FrameType | None) -> None:
        _signal_all(children, signal.SIGTERM)

    signal.signal(signal.SIGTERM, ask_to_stop)
    stop_when_parent_dies()
    while any(child.poll() is None for child in children):
        codes = [child.returncode for child in children]
        if failed := [code for code in codes if code not in (None, EXIT_SUCCESS, EXIT_STOPPED)]:
            _end_all(children)
            return _as_it_ended(failed[0])
        time.sleep(LOOK_SECONDS)
    return _as_it_ended(min(codes := [child.returncode for child in children]) or max(codes))


def _start(module: str, argument: str, *, rank: int, count: int, port: int) -> subprocess.Popen[bytes]:
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "LOCAL_WORLD_SIZE": count, "MASTER_PORT": port}
    return subprocess.Popen(
        [sys.executable, "-m", module, argument],
        env={
            **os.environ,
            **{name: str(number) for name, number in numbers.items()},
            "MASTER_ADDR": "127.0.0.1",
            "PLUMBLINE_PARENT_PID": str(os.getpid()),
        },
    )


def _signal_all(children: list[subprocess.Popen[bytes]], signal_number: int) -> None:
    for child in children:
        if child.poll() is None:
            child.send_signal(signal_number)


def _end_all(children: list[subprocess.Popen[bytes]]) -> None:
    """One is gone: let the others say why they cannot go on without it, then end them."""
    deadline = time.monotonic() + LAST_WORDS_SECONDS
    while any(child.poll() is None for child in children) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
    _signal_all(children, signal.SIGKILL)
    for child in children:
        child.wait()


def _as_it_ended(exit_code: int) -> int:
    """The same exit code; where a signal was the end, this process ends by it too."""
    if exit_code < 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), -exit_code)
    return exit_code


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
