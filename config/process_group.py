"""Several processes in the foreground: their lines, their deaths, and their common end."""

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from types import FrameType
from urllib.parse import urlsplit

from config import settings
from config.filesystem_broker import forget_dead_workers
from config.process_tree import adopt_orphans, descendants, kill_all, reap_adopted
from config.procfile import QUICK_DEATH_SECONDS, Process

LOOK_SECONDS = 0.2
STOP_SECONDS = 7.5  # and then SIGKILL; all of it has to fit into ten
QUICK_DEATHS = 5


class Group:
    """The processes of this installation, started, watched and stopped together."""

    def __init__(self, processes: Sequence[Process], *, url: str = "") -> None:
        self.processes = list(processes)
        self.url = url
        self.asked_to_stop = 0
        self._selector = selectors.DefaultSelector()
        self._width = max(len(process.name) for process in processes)
        self._colours = sys.stdout.isatty()

    def run(self) -> int:
        """Stay until asked to stop (0) or until a process cannot be kept alive (1)."""
        adopt_orphans()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        exit_code = 0
        while not self.asked_to_stop:
            self._start_those_due()
            self._pump(LOOK_SECONDS)
            self._announce()
            if (sentence := self._note_deaths()) is not None:
                self._say(sentence)
                exit_code = 1
                break
        self._stop()
        return exit_code

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked_to_stop += 1

    def _start_those_due(self) -> None:
        for process in self.processes:
            if process.popen is None and time.monotonic() >= process.start_at:
                if process.name == "worker" and settings.CELERY_BROKER_URL.startswith("filesystem"):
                    forget_dead_workers(settings.PLUMBLINE_HOME / "broker")
                self._selector.register(process.start(), selectors.EVENT_READ, process)

    def _note_deaths(self) -> str | None:
        """Collect the dead; returns a sentence when one of them died too often."""
        own = {process.popen.pid for process in self.processes if process.popen is not None}
        reap_adopted(own)
        for process in self.processes:
            if process.popen is None or (exit_code := process.popen.poll()) is None:
                continue
            self._pump(0)
            sentence = process.note_death(exit_code)
            if process.quick_deaths >= QUICK_DEATHS:
                return (
                    f"{process.name} ended {QUICK_DEATHS} times within {QUICK_DEATH_SECONDS:g} s of its start, so "
                    f"everything stops. Its last line was: {process.last_line or '(nothing)'}"
                )
            self._say(sentence)
        return None

    def _announce(self) -> None:
        """Say where the pages are, once, as soon as they are."""
        if not self.url:
            return
        address = urlsplit(self.url)
        with contextlib.suppress(OSError), socket.create_connection((address.hostname, address.port), timeout=0.2):
            self._say(f"Plumbline is at {self.url} (Ctrl-C stops it)")
            self.url = ""

    def _pump(self, seconds: float) -> None:
        """Print what the processes said, line by line."""
        for key, _ in self._selector.select(seconds):
            process: Process = key.data
            chunk = os.read(key.fd, 65536)
            if not chunk:
                self._selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
            *lines, process.unfinished = (process.unfinished + (chunk or b"\n")).split(b"\n")
            for line in filter(None, lines):
                process.last_line = line.decode("utf-8", "replace")
                self._print(process.name, process.colour, process.last_line)

    def _stop(self) -> None:
        self._say("Stopping…")
        asked = self.asked_to_stop
        for process in self.processes:
            if process.popen is not None:
                process.popen.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline and self.asked_to_stop <= asked:
            self._pump(0.05)
            if not self._living():
                break
        kill_all(self._living())
        self._say("Stopped.")

    def _living(self) -> set[int]:
        for process in self.processes:
            if process.popen is not None:
                process.popen.poll()
        reap_adopted(())
        return descendants(os.getpid())

    def _say(self, sentence: str) -> None:
        self._print("plumbline", 1, sentence)

    def _print(self, name: str, colour: int, line: str) -> None:
        prefix = f"{name:<{max(self._width, 9)}} │ "
        if self._colours:
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(f"{prefix}{line}\n")
            sys.stdout.flush()
