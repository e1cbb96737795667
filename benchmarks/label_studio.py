"""Label Studio, the peer: installed from PyPI into an environment of its own, served by uwsgi as its Docker image does.

Four processes of one thread (its default, twice the cores, on a machine of two), lazy applications, a fresh PostgreSQL
database; telemetry, error reports and version checks off, legacy API tokens on. The project is a `<Pairwise>` of two
texts, the instrument of its template “Human Preference collection for RLHF”, with one annotation a task.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks.load import Connection, Cycle
from benchmarks.machine import free_port
from benchmarks.servers import Server, Unavailable, fresh_postgres, running
from benchmarks.texts import pairs

VERSION = "1.23.2"
NAME = f"Label Studio {VERSION}"
UWSGI_VERSION = "2.0.31"
DEFAULT_FOLDER = Path(os.environ.get("PLUMBLINE_HOME", "var")) / "peers" / "label-studio"
INSTALL_SECONDS = 1800
PASSWORD = "a long word for benchmarks alone"  # noqa: S105  of people who live as long as a benchmark
CONFIG = """
<View>
  <Text name="prompt" value="$prompt"/>
  <Pairwise name="comparison" toName="answer1,answer2"/>
  <Text name="answer1" value="$answer1"/>
  <Text name="answer2" value="$answer2"/>
</View>
"""
CREATE_ANNOTATORS = """
import json, sys
import django
django.setup()
from django.contrib.auth import get_user_model
from organizations.models import Organization
from rest_framework.authtoken.models import Token
people, tokens = [], []
for number in range(int(sys.argv[1])):
    person = get_user_model().objects.create_user(email=f"annotator-{number}@example.org", password=sys.argv[2])
    organization = organization if people else Organization.create_organization(created_by=person, title="Bench")
    organization.add_user(person)
    person.active_organization = organization
    person.save(update_fields=["active_organization"])
    people.append(person)
    tokens.append(Token.objects.get_or_create(user=person)[0].key)
print(json.dumps(tokens))
"""
UWSGI = """
[uwsgi]
http = 127.0.0.1:{port}
module = core.wsgi:application
processes = {processes}
{cheaper}
threads = 1
master = true
single-interpreter = true
lazy-apps = true
enable-threads = true
thunder-lock = true
need-app = true
die-on-term = true
vacuum = true
buffer-size = 65535
post-buffering = 4096
http-timeout = 300
harakiri = 120
max-requests = 5000
reload-on-rss = 2048
worker-reload-mercy = 300
ignore-sigpipe = true
ignore-write-errors = true
disable-write-exception = true
disable-logging = true
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every benchmark that this peer takes part in."""
    parser.add_argument("--postgres", help="URL of a PostgreSQL server on which databases may be made")
    parser.add_argument("--peer-folder", type=Path, default=DEFAULT_FOLDER, help="where the peer is installed")
    parser.add_argument("--no-peer", action="store_true", help="leave the peer out")


def prepare(
    arguments: argparse.Namespace, folder: Path, stack: ExitStack, *, people: int
) -> "tuple[LabelStudio | None, str]":
    """Label Studio on a database of its own, with people but no project yet; or None, and why, said aloud."""
    if arguments.no_peer:
        return None, "left out"
    try:
        python = install(arguments.peer_folder)
        database_url = stack.enter_context(fresh_postgres(arguments.postgres, prefix="plumbline_bench_peer"))
        peer = LabelStudio(python, folder / "label-studio", database_url)
        peer.fill(people=people)
    except Unavailable as reason:
        print(f"  THE PEER IS MISSING, our own figures stand alone: {reason}", flush=True)
        return None, f"not measured: {reason}"
    return peer, VERSION


def install(folder: Path) -> Path:
    """Install the pinned version once; returns its Python. Raises: Unavailable."""
    environment = folder.resolve() / f"venv-{VERSION}"
    python, done = environment / "bin" / "python", environment / ".installed"
    if done.exists():
        return python
    print(f"  installing Label Studio {VERSION} into {environment}: some minutes, about 1 GB …", flush=True)
    try:
        subprocess.run(
            [sys.executable, "-m", "venv", "--clear", environment], check=True, capture_output=True, text=True
        )
        packages = [f"label-studio=={VERSION}", f"uwsgi=={UWSGI_VERSION}"]
        command = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *packages]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=INSTALL_SECONDS)
    except (subprocess.SubprocessError, OSError) as error:
        reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
        raise Unavailable(f"Label Studio {VERSION} could not be installed: {reason}") from None
    done.touch()
    return python


class LabelStudio:
    """An installation with a database and a data folder of its own."""

    label = "Label Studio, PostgreSQL"

    def __init__(self, python: Path, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.database_url = database_url
        self.tokens: list[str] = []
        self.project = 0
        self._python = python
        self._package = next(python.parent.parent.glob("lib/python*/site-packages/label_studio"))
        (folder / "data").mkdir(parents=True, exist_ok=True)
        self._run("manage.py", "migrate", "-v", "0")

    def fill(self, *, people: int) -> None:
        """People with legacy tokens, in one organization."""
        created = self._run("-c", CREATE_ANNOTATORS, str(people), PASSWORD)
        self.tokens = json.loads(created.splitlines()[-1])

    def create_project(self, port: int, tasks: int) -> None:
        """A project that asks for one annotation a task, and its tasks, in one import."""
        self.create_empty_project(port)
        self.import_tasks(
            port,
            [
                {"data": {"prompt": pair.prompt, "answer1": pair.answers[0], "answer2": pair.answers[1]}}
                for pair in pairs(tasks)
            ],
        )

    def create_empty_project(self, port: int) -> None:
        fields = {"title": "Bench", "label_config": CONFIG, "maximum_annotations": 1}
        self.project = self._connection(port).send("POST", "/api/projects/", fields)["id"]

    def import_tasks(self, port: int, tasks: list[dict[str, Any]]) -> float:
        """Send tasks to the project, in one import as JSON; returns the seconds until they were in."""
        began = time.monotonic()
        answer = self._connection(port).send("POST", f"/api/projects/{self.project}/import", tasks)
        assert answer["task_count"] == len(tasks), answer
        return time.monotonic() - began

    def export_request(self) -> tuple[str, dict[str, str]]:
        """The path and the headers of an export of all tasks with their annotations."""
        return f"/api/projects/{self.project}/export?exportType=JSON", self._headers(self.tokens[0])

    def _connection(self, port: int) -> Connection:
        return Connection(port, self._headers(self.tokens[0]), keep_alive=False)

    @contextmanager
    def serving(self, database_url: str | None = None, *, cheaper: bool = False) -> Iterator[Server]:
        """uwsgi with four processes.

        Args:
            database_url: another URL of the same database.
            cheaper: start with one process and add others under load, which its image does; a measured load must not
                pay for that, so it is off by default.
        """
        port = free_port()
        ini = self.folder / f"uwsgi-{port}.ini"
        ini.write_text(UWSGI.format(port=port, processes=4, cheaper="cheaper = 1" if cheaper else ""))
        with running(
            [str(self._python.parent / "uwsgi"), "--ini", str(ini)],
            environment=self._environment(database_url),
            directory=self._package,
            port=port,
            path="/health",
            log=self.folder / "web.log",
        ) as server:
            yield server

    def two_requests(self, port: int, count: int) -> "list[Annotator]":
        return [Annotator(port, self._headers(token), self.project) for token in self.tokens[:count]]

    def stored(self) -> list[tuple[str, int, int]]:
        """(annotation, task, annotator) of every annotation."""
        with psycopg.connect(self.database_url) as connection:
            rows = connection.execute("SELECT id, task_id, completed_by_id FROM task_completion").fetchall()
        return [(str(annotation), task, annotator) for annotation, task, annotator in rows]

    def _headers(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def _environment(self, database_url: str | None = None) -> dict[str, str]:
        database = urlsplit(database_url or self.database_url)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "PYTHON"))}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "core.settings.label_studio",
            "DJANGO_DB": "default",
            "POSTGRE_USER": database.username or "postgres",
            "POSTGRE_PASSWORD": database.password or "",
            "POSTGRE_HOST": database.hostname or "127.0.0.1",
            "POSTGRE_PORT": str(database.port or 5432),
            "POSTGRE_NAME": database.path.lstrip("/"),
            "LABEL_STUDIO_BASE_DATA_DIR": str((self.folder / "data").resolve()),
            "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
            "APP_WEBSERVER": "uwsgi",
            "COLLECT_ANALYTICS": "false",
            "LATEST_VERSION_CHECK": "false",
            "SENTRY_DSN": "",
            "FRONTEND_SENTRY_DSN": "",
            "DEBUG": "false",
            "LOG_LEVEL": "ERROR",
        }

    def _run(self, *arguments: str) -> str:
        command = [str(self._python), *arguments]
        done = subprocess.run(
            command,
            cwd=self._package,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode:
            raise Unavailable(f"Label Studio's {arguments[0]} exited {done.returncode}: {done.stderr[-2000:]}")
        return done.stdout


class Annotator:
    """Asks for the next task of the project, then sends an annotation for it."""

    def __init__(self, port: int, headers: dict[str, str], project: int) -> None:
        self._connection = Connection(port, headers, keep_alive=False)  # its uwsgi closes them
        self._project = project

    def judge(self) -> Cycle:
        asked = time.monotonic()
        task: dict[str, Any] = self._connection.send("GET", f"/api/projects/{self._project}/next/")
        got = time.monotonic()
        value = {"selected": "left"}
        result = {"from_name": "comparison", "to_name": "answer1", "type": "pairwise", "value": value}
        path = f"/api/tasks/{task['id']}/annotations/?project={self._project}"
        stored = self._connection.send("POST", path, {"result": [result], "lead_time": got - asked})
        finished = time.monotonic()
        return Cycle(str(stored["id"]), finished, got - asked, finished - got)
