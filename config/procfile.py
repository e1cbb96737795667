"""The lines of a Procfile as processes that can be started, watched and started again."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from config import settings
from config.process_tree import end_with_parent

QUICK_DEATH_SECONDS = 10.0
COLOURS = (36, 33, 35, 32, 34)  # cyan, yellow, magenta, green, blue


class CannotStart(Exception):
    """A sentence that says why, and what to do."""


@dataclass
class Process:
    """One line of the Procfile and the process that executes it now."""

    name: str
    command: str
    colour: int = 0
    popen: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_at: float = 0.0
    quick_deaths: int = 0
    last_line: str = ""
    unfinished: bytes = field(default=b"", repr=False)

    def start(self) -> IO[bytes]:
        """Start it; returns its output, stdout and stderr in one."""
        self.popen = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {self.command}"],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent,  # noqa: PLW1509  this process has one thread
        )
        self.started_at = time.monotonic()
        assert self.popen.stdout is not None  # noqa: S101
        os.set_blocking(self.popen.stdout.fileno(), False)
        return self.popen.stdout

    def note_death(self, exit_code: int) -> str:
        """Decide when it is started again; returns the sentence that says so."""
        self.popen = None
        quick = time.monotonic() - self.started_at < QUICK_DEATH_SECONDS
        self.quick_deaths = self.quick_deaths + 1 if quick else 0
        delay = min(0.5 * 2 ** max(self.quick_deaths - 1, 0), 8.0) if quick else 0.0
        self.start_at = time.monotonic() + delay
        how = f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
        when = f"in {delay:g} s" if delay else "at once"
        return f"{self.name} ended ({how}); it starts again {when}."


def read_procfile(file: Path, only: Sequence[str] = ()) -> list[Process]:
    """The processes a Procfile names, `only` those if any are given."""
    lines = (line.partition(":") for line in file.read_text().splitlines() if line.strip() and line[0] != "#")
    commands = {name.strip(): command.strip() for name, _, command in lines}
    if unknown := [name for name in only if name not in commands]:
        raise CannotStart(f"The Procfile has no process called {', '.join(unknown)}; it has {', '.join(commands)}.")
    return [
        Process(name, command, COLOURS[index % len(COLOURS)])
        for index, (name, command) in enumerate(commands.items())
        if not only or name in only
    ]
