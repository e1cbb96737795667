"""What is measured in a process of its own: a database filled there, which answers a line for each line it is asked."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.servers import fresh_postgres

ROOT = Path(__file__).resolve().parent.parent
ENDS_WITHIN_SECONDS = 60


class Subject:
    """A process with a filled database; `told` is what it said of itself, its engine's version among it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.told: dict[str, Any] = self._read()

    def ask(self, question: str) -> Any:
        """Send one line; returns the JSON of the line that comes back."""
        assert self._process.stdin
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, f"{self._process.args} ended with {self._process.wait()}"
        return json.loads(line)


@contextmanager
def filled(module: str, engine: str, size: int, server: str | None) -> Iterator[Subject]:
    """`python -m module SIZE` on a database of its own.

    Args:
        engine: "sqlite" or "postgresql".
        server: URL of a PostgreSQL server on which databases may be made.

    Raises: Unavailable.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = (
            f"sqlite:///{folder / 'benchmark.sqlite3'}"
            if engine == "sqlite"
            else stack.enter_context(fresh_postgres(server, prefix="plumbline_bench"))
        )
        environment = {
            **os.environ,
            "PLUMBLINE_HOME": str(folder),
            "DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        subprocess.run([sys.executable, "manage.py", "migrate", "-v", "0"], cwd=ROOT, env=environment, check=True)
        process = subprocess.Popen(
            [sys.executable, "-m", module, str(size)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            subject = Subject(process)
            print(f"  {engine}: {size:,} filled in {subject.told['filled_s']:.0f} s", flush=True)
            yield subject
        finally:
            process.communicate(timeout=ENDS_WITHIN_SECONDS)
