"""Fresh databases on real engines, for tests that need real connections and processes of their own."""

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parent.parent
DEFAULT_POSTGRES = "postgresql://postgres@127.0.0.1:5432/postgres"


def postgres_server() -> str:
    """The URL of a PostgreSQL server on which databases may be made; skips aloud when none answers."""
    url = os.environ.get("PLUMBLINE_TEST_POSTGRES", DEFAULT_POSTGRES)
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        pytest.skip(f"no PostgreSQL server answers (PLUMBLINE_TEST_POSTGRES): {error}")
    return url


@contextmanager
def fresh_database(engine: str, folder: Path) -> Iterator[dict[str, str]]:
    """A migrated, empty database on "sqlite" or "postgresql"; yields the environment that processes need to use it.

    The first of each engine is migrated, and every one is a copy of that.
    """
    environment = _environment(folder)
    if engine == "sqlite":
        shutil.copyfile(_migrated_file(), folder / "test.sqlite3")
        yield {**environment, "DATABASE_URL": f"sqlite:///{folder / 'test.sqlite3'}"}
        return
    server, name = postgres_server(), f"plumbline_test_{uuid.uuid4().hex[:12]}"
    template = _migrated_database(server)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    try:
        yield {**environment, "DATABASE_URL": _url(server, name), "PLUMBLINE_CONN_MAX_AGE_SECONDS": "0"}
    finally:
        _drop(server, name)


@cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="plumbline-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    migrate({**_environment(folder), "DATABASE_URL": f"sqlite:///{folder / 'migrated.sqlite3'}"})
    assert [path.name for path in folder.glob("migrated.sqlite3*")] == ["migrated.sqlite3"]  # no log is left beside it
    return folder / "migrated.sqlite3"


@cache
def _migrated_database(server: str) -> str:
    name = f"plumbline_migrated_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    atexit.register(_drop, server, name)
    with tempfile.TemporaryDirectory() as folder:
        environment = {**_environment(Path(folder)), "PLUMBLINE_CONN_MAX_AGE_SECONDS": "0"}
        migrate({**environment, "DATABASE_URL": _url(server, name)})
    return name


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PLUMBLINE_HOME": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}


def _url(server: str, name: str) -> str:
    return server.rsplit("/", 1)[0] + f"/{name}"


def _drop(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def migrate(environment: dict[str, str]) -> None:
    """Bring the database that `environment` names up to the current schema."""
    run_python(["manage.py", "migrate", "-v", "0"], environment)


def run_python(arguments: list[str], environment: dict[str, str], *, timeout_s: float = 240) -> str:
    """Run Python in the project's root and return its standard output; fails with its standard error."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"{arguments} exited {done.returncode}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout
