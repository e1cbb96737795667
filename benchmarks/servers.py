"""Databases and web servers that live as long as a benchmark."""

import http.client
import os
import signal
import subprocess
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psutil
import psycopg

from benchmarks.machine import cpu_seconds, tree

DEFAULT_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"
READY_WITHIN_SECONDS = 120.0
STOPPED_WITHIN_SECONDS = 30.0
POLL_SECONDS = 0.02


class Unavailable(Exception):
    """Something that a benchmark needs cannot be had here; says what."""


@dataclass(frozen=True, slots=True)
class Server:
    """A web server that answers: its first process, its port, and what it took until its first answer."""

    root: psutil.Process
    port: int
    ready_seconds: float
    ready_cpu_seconds: float


@contextmanager
def fresh_postgres(server: str | None, *, prefix: str) -> Iterator[str]:
    """An empty database on a PostgreSQL server, dropped afterwards; yields its URL. Raises: Unavailable."""
    server = server or os.environ.get("PLUMBLINE_TEST_POSTGRES", DEFAULT_POSTGRES)
    name = f"{prefix}_{uuid.uuid4().hex[:10]}"
    try:
        with psycopg.connect(server, autocommit=True, connect_timeout=3) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
    except psycopg.OperationalError as error:
        raise Unavailable(f"no PostgreSQL server answers at {server}: {error}") from None
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def running(
    command: Sequence[str], *, environment: dict[str, str], directory: Path, port: int, path: str, log: Path
) -> Iterator[Server]:
    """Start a web server and wait until `path` answers; its output goes to `log`. Stops it and all its children."""
    started = time.monotonic()
    with log.open("ab") as output:
        popen = subprocess.Popen(
            command, cwd=directory, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    root = psutil.Process(popen.pid)
    try:
        _wait_until_ready(popen, port, path, log)
        yield Server(root, port, time.monotonic() - started, cpu_seconds(tree(root)))
    finally:
        _stop(popen)


def _wait_until_ready(popen: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if popen.poll() is not None:
            raise Unavailable(f"{popen.args} ended with {popen.returncode}: {log.read_text()[-2000:]}")
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=READY_WITHIN_SECONDS)
            connection.request("GET", path)
            if connection.getresponse().status == http.client.OK:
                return
        time.sleep(POLL_SECONDS)
    raise Unavailable(f"{popen.args} did not answer within {READY_WITHIN_SECONDS:g} s: {log.read_text()[-2000:]}")


def _stop(popen: subprocess.Popen[bytes]) -> None:
    popen.terminate()
    try:
        popen.wait(timeout=STOPPED_WITHIN_SECONDS)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()
