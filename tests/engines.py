"""Fresh databases on real engines, for tests that need real connections and processes of their own."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
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
    """A migrated, empty database on "sqlite" or "postgresql"; yields the environment that processes need to use it."""
    environment = {**os.environ, "PLUMBLINE_HOME": str(folder), "DJANGO_SETTINGS_MODULE": "config.settings"}
    if engine == "sqlite":
        environment["DATABASE_URL"] = f"sqlite:///{folder / 'test.sqlite3'}"
        migrate(environment)
        yield environment
        return
    server = postgres_server()
    name = f"plumbline_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    environment["DATABASE_URL"] = server.rsplit("/", 1)[0] + f"/{name}"
    environment["PLUMBLINE_CONN_MAX_AGE_SECONDS"] = "0"
    try:
        migrate(environment)
        yield environment
    finally:
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
