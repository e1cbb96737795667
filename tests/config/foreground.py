"""`python -m config.processes` as a terminal starts it, for tests."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.process_tree import descendants
from tests.engines import ROOT


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def group(
    home: Path, procfile: str | None = None, environment: dict[str, str] | None = None, *arguments: str
) -> Iterator[subprocess.Popen[str]]:
    """`python -m config.processes`, as a terminal starts it: leader of its own process group."""
    command = [sys.executable, "-m", "config.processes", *arguments]
    if procfile is not None:
        (home / "Procfile").write_text(procfile)
        command += ["--procfile", str(home / "Procfile")]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PLUMBLINE_HOME": str(home), "PORT": str(free_port()), **(environment or {})},
        stdout=(home / "group.log").open("w"),
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        for pid in [*descendants(process.pid), process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        process.wait()
        sys.stdout.write((home / "group.log").read_text())


def said(home: Path) -> str:
    return (home / "group.log").read_text()


def alive(pids: set[int]) -> set[int]:
    """Those of `pids` that still run."""
    stats = {pid: Path(f"/proc/{pid}/stat") for pid in pids}
    return {pid for pid, stat in stats.items() if stat.exists() and ") Z " not in stat.read_text()}
