"""A real worker and a real beat as processes, on the test's own database and a broker of the test's choice."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from django.db import connection

from config.process_tree import descendants
from runs.models import Run
from runs.services.queueing import queue_run

ROOT = Path(__file__).resolve().parents[2]
BROKERS = {
    "redis": ("PLUMBLINE_TEST_REDIS", "redis://127.0.0.1:6379/15", 6379),
    "rabbitmq": ("PLUMBLINE_TEST_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672//", 5672),
}


def broker_url(name: str) -> str:
    """The URL of a broker of that name; skips aloud when none answers."""
    if name == "filesystem":
        return "filesystem://localhost"
    variable, default, port = BROKERS[name]
    url = os.environ.get(variable, default)
    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "127.0.0.1", parts.port or port), timeout=2).close()
    except OSError as error:
        pytest.skip(f"no {name} server answers at {parts.hostname} ({variable}): {error}")
    return url


def database_url() -> str:
    """The test database, for other processes."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user, password, host = (quote(str(settings[key]), safe="") for key in ("USER", "PASSWORD", "HOST"))
    return f"postgresql://{user}:{password}@{host}:{settings['PORT'] or 5432}/{settings['NAME']}"


@dataclass
class Installation:
    """One broker and its processes. Every queue has a name of its own, so that tests do not meet on a server."""

    home: Path
    broker: str
    queue: str = field(default_factory=lambda: f"test-{uuid.uuid4().hex[:8]}")
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "PLUMBLINE_HOME": str(self.home),
            "DATABASE_URL": database_url(),
            "CELERY_BROKER_URL": self.broker,
            "DJANGO_SETTINGS_MODULE": "tests.runs.worker_settings",
            "PLUMBLINE_TEST_QUEUE": self.queue,
            "PLUMBLINE_RUN_SILENCE_SECONDS": "4",
            "PLUMBLINE_RUN_CANCEL_SECONDS": "2",
            "PLUMBLINE_RUN_LEAVE_SECONDS": "3",
            "C_FORCE_ROOT": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.home / "processes.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-q", "-A", "config", *arguments],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def start_worker(self, *, beat: bool = True, wait: bool = True) -> subprocess.Popen[bytes]:
        """A worker with two pool processes, and the beat inside it, as `make run` has them apart."""
        embedded = ["--beat"] if beat else []
        worker = self.start(
            "worker", "--pool", "prefork", "--concurrency", "2", "--without-gossip", "--without-mingle",
            "--hostname", f"{self.queue}-{len(self.processes)}@%h", "--loglevel", "INFO", *embedded,
        )  # fmt: skip
        if wait:
            until(lambda: len(descendants(worker.pid)) >= 2, seconds=40, what="a worker with its pool")
            until(lambda: "ready." in self.log(), seconds=40, what="a worker that is ready")
        return worker

    def send(self, run: Run, *, times: int = 1) -> None:
        """Publish the message for a run as a web process would, from a process of this installation."""
        code = (
            "import django; django.setup()\nfrom runs.tasks import execute_run\n"
            f"for _ in range({times}): execute_run.delay('{run.pk}')"
        )
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=self.environment, check=True, timeout=60)

    def log(self) -> str:
        file = self.home / "processes.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def stop(self) -> None:
        for process in self.processes:
            everyone = descendants(process.pid)
            process.kill()
            process.wait()
            for pid in everyone:
                kill(pid)
            with suppress(ProcessLookupError):  # the pool of a worker that a test killed before
                os.killpg(process.pid, signal.SIGKILL)


class OwnRedis:
    """A Redis server for one test, which may be killed."""

    def __init__(self, home: Path) -> None:
        self.home = home
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        arguments = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.home)]
        self.process = subprocess.Popen(["redis-server", *arguments], stdout=subprocess.DEVNULL)
        until(self.answers, seconds=10, what="Redis")

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def own_redis(home: Path) -> Iterator[OwnRedis]:
    """A Redis server that is gone when the block ends; skips aloud when Redis is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    server = OwnRedis(home)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def installation(broker: str, home: Path, *, url: str = "") -> Iterator[Installation]:
    """Processes that are gone when the block ends; their log is printed, so that a failing test shows it."""
    here = Installation(home=home, broker=url or broker_url(broker))
    try:
        yield here
    finally:
        here.stop()
        sys.stdout.write(here.log()[-6000:])


def kill(pid: int, number: int = signal.SIGKILL) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def child_run(**config: Any) -> Run:
    return queue_run(kind="trial_child", config={"seconds_per_step": 0.05, **config}, title="A trial")


def wait_for(run: Run, condition: Callable[[Run], bool], *, seconds: float = 40, what: str = "") -> Run:
    """The run, as soon as the condition holds."""

    def look() -> bool:
        run.refresh_from_db()
        return condition(run)

    until(look, seconds=seconds, what=what or "a condition", show=lambda: f"{run.state} {run.attempt} {run.error}")
    return run


def wait_for_end(run: Run, *, seconds: float = 60) -> Run:
    return wait_for(run, lambda fresh: fresh.is_finished, seconds=seconds, what="the run's end")


def until(
    condition: Callable[[], bool], *, seconds: float, what: str, show: Callable[[], str] = lambda: "no more is known"
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds:g} s for {what}: {show()}"
        time.sleep(0.1)
