"""Our side of a benchmark: a project full of pairs, annotators with tokens, and gunicorn as the Procfile starts it."""

import json
import os
import sqlite3
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.load import Connection, Cycle
from benchmarks.machine import free_port
from benchmarks.servers import Server, running
from benchmarks.texts import pairs

ROOT = Path(__file__).resolve().parent.parent
SLUG = "bench"
PASSWORD = "a long word for benchmarks alone"  # noqa: S105  of people who live as long as a benchmark
CREATE_ANNOTATORS = f"""
from django.core.management import call_command
for number in range(%d):
    call_command(
        "create_user", f"annotator-{{number}}@example.org", "--role", "annotator", "--project", "{SLUG}",
        "--password", "{PASSWORD}", "--token", "--json",
    )
"""


class Plumbline:
    """A migrated installation of this checkout in a folder of its own.

    Args:
        database_url: an empty database; a SQLite file in the folder when left out.
    """

    def __init__(self, folder: Path, database_url: str | None) -> None:
        self.folder = folder
        self.database_url = database_url or f"sqlite:///{folder / 'bench.sqlite3'}"
        self.is_sqlite = database_url is None
        self.label = f"Plumbline, {'SQLite' if self.is_sqlite else 'PostgreSQL'}"
        self.tokens: list[str] = []
        self._rows = 0
        (folder / "static").mkdir(parents=True, exist_ok=True)
        self._manage("migrate", "-v", "0")

    def fill(self, *, people: int) -> None:
        """A project of pairs that want one judgment each, and its annotators."""
        self._manage("create_project", SLUG, "--overlap", "1", "--no-strength")
        created = self._manage("shell", "-v", "0", "-c", CREATE_ANNOTATORS % people)
        self.tokens = [json.loads(line)["token"] for line in created.splitlines() if line.startswith("{")]

    def top_up(self, wanted: int) -> None:
        """Import so many pairs that `wanted` at least are open."""
        missing = wanted - self._select("SELECT count(*) FROM labeling_comparison WHERE open_slots > 0")[0][0]
        if missing <= 0:
            return
        file = self.folder / "pairs.jsonl"
        with file.open("w") as lines:
            for pair in pairs(missing, start=self._rows):
                lines.write(json.dumps({"prompt": pair.prompt, "responses": pair.answers}) + "\n")
        answer = json.loads(self._manage("import_responses", SLUG, str(file), "--json").splitlines()[-1])
        assert answer["accepted"] == missing, answer
        self._rows += missing

    @contextmanager
    def serving(self, database_url: str | None = None) -> Iterator[Server]:
        """gunicorn as the Procfile starts it, on a free port.

        Args:
            database_url: another URL of the same database.
        """
        port = free_port()
        command = next(
            line.removeprefix("web:")
            for line in (ROOT / "Procfile").read_text().splitlines()
            if line.startswith("web:")
        )
        environment = {
            **self._environment(database_url),
            "PORT": str(port),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        with running(
            ["/bin/sh", "-c", f"exec {command}"],
            environment=environment,
            directory=ROOT,
            port=port,
            path="/metrics/ready/",
            log=self.folder / "web.log",
        ) as server:
            yield server

    def create_manager(self) -> str:
        """A manager's token."""
        created = self._manage(
            "create_user", "manager@example.org", "--role", "manager", "--project", SLUG, "--password", PASSWORD,
            "--token", "--json",
        )  # fmt: skip
        return str(json.loads(created.splitlines()[-1])["token"])

    def run_subject(self, module: str, *arguments: str) -> dict[str, Any]:
        """What a module of ours says in one JSON line, run by a process of its own beside this installation."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment(), stdout=subprocess.PIPE, text=True, check=False
        )
        assert done.returncode == 0, f"{command} exited {done.returncode}"
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return answer

    def two_requests(self, port: int, count: int) -> "list[TwoRequests]":
        return [TwoRequests(port, token) for token in self.tokens[:count]]

    def one_request(self, port: int, count: int) -> "list[OneRequest]":
        return [OneRequest(port, token) for token in self.tokens[:count]]

    def stored(self) -> list[tuple[str, int, int]]:
        """(client id, comparison, annotator) of every judgment."""
        rows = self._select("SELECT client_id, comparison_id, annotator_id FROM labeling_judgment")
        return [(uuid.UUID(str(client)).hex, comparison, annotator) for client, comparison, annotator in rows]

    def prove(self) -> None:
        """Every rule of the database holds, across rows too."""
        self._manage("check_invariants")

    def prepare_pages(self) -> None:
        """What `make run` does before pages are served."""
        self._manage("collectstatic", "-v", "0", "--no-input")

    def log(self) -> str:
        return (self.folder / "web.log").read_text()

    def _environment(self, database_url: str | None = None) -> dict[str, str]:
        return {
            **os.environ,
            "PLUMBLINE_HOME": str(self.folder),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": database_url or self.database_url,
        }

    def _manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._environment(), capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, (
            f"{arguments[0]} exited {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
        return done.stdout

    def _select(self, query: str) -> list[Any]:
        if self.is_sqlite:
            with sqlite3.connect(self.database_url.removeprefix("sqlite:///")) as connection:
                return connection.execute(query).fetchall()
        with psycopg.connect(self.database_url) as connection:
            return connection.execute(query).fetchall()


class TwoRequests:
    """Asks for a comparison, then sends the verdict."""

    def __init__(self, port: int, token: str) -> None:
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        self._connection = Connection(port, headers)

    def judge(self) -> Cycle:
        asked = time.monotonic()
        task = self._ask()
        got = time.monotonic()
        client_id, _ = self._submit(task)
        finished = time.monotonic()
        return Cycle(client_id, finished, got - asked, finished - got)

    def _ask(self) -> dict[str, Any]:
        return self._connection.send("POST", f"/api/v1/projects/{SLUG}/assignments/")

    def _submit(self, task: dict[str, Any], query: str = "") -> tuple[str, dict[str, Any]]:
        """Put the first response shown above the others; returns the judgment's client id and the answer."""
        client_id = uuid.uuid4()
        ranking = [[response["id"]] for response in task["comparison"]["responses"]]
        path = f"/api/v1/assignments/{task['id']}/judgment/{query}"
        return client_id.hex, self._connection.send("POST", path, {"client_id": str(client_id), "ranking": ranking})


class OneRequest(TwoRequests):
    """Sends the verdict, and gets the next comparison in the answer to it."""

    brings_next = False
    _task: dict[str, Any] | None = None

    def judge(self) -> Cycle:
        task, self._task = self._task or self._ask(), None
        sent = time.monotonic()
        client_id, answer = self._submit(task, "?next=1")
        finished = time.monotonic()
        self.brings_next = "next" in answer
        self._task = answer.get("next")
        return Cycle(client_id, finished, None, finished - sent)
