"""`make loop KILL=1`: SIGKILL the training child, later the whole worker, and let the loop end as if nothing was.

Linux only: processes are found through /proc by the home they work for.
"""

import contextlib
import json
import os
import signal
import threading
import time
from pathlib import Path

POLL_SECONDS = 0.2
STEPS_BEFORE_THE_CHILD_DIES = 8
SECONDS_BEFORE_THE_WORKER_DIES = 10.0


class Saboteur(threading.Thread):
    """Waits for the reward model's training to get going, then kills; `killed` says whom, with the process id."""

    def __init__(self, home: Path) -> None:
        super().__init__(daemon=True)
        self.home = home
        self.killed: dict[str, int] = {}

    def run(self) -> None:
        directory = self._training_directory()
        self._wait_for_steps(directory)
        child = json.loads((directory / "child.pid").read_text())["pid"]
        self._kill("training child", child)
        time.sleep(SECONDS_BEFORE_THE_WORKER_DIES)
        for pid in processes_of(self.home, " worker "):
            self._kill(f"worker {pid}", pid)

    def _training_directory(self) -> Path:
        while True:
            for metrics in (self.home / "runs").glob("*/metrics.jsonl"):
                config = metrics.with_name("config.json")
                if config.exists() and '"backbone"' in config.read_text():
                    return metrics.parent
            time.sleep(POLL_SECONDS)

    def _wait_for_steps(self, directory: Path) -> None:
        while (directory / "metrics.jsonl").read_text().count('"loss"') < STEPS_BEFORE_THE_CHILD_DIES:
            time.sleep(POLL_SECONDS)

    def _kill(self, name: str, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            self.killed[name] = pid


def processes_of(home: Path, words: str) -> list[int]:
    """The processes that work for this home and have these words in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().split(b"\0")
            if words in command and f"PLUMBLINE_HOME={home}".encode() in environment:
                found.append(int(entry.name))
    return found
