"""Kept connections to PostgreSQL: one that the server has ended is noticed before a request uses it."""

from pathlib import Path

from tests.engines import fresh_database, run_python

ASKS_AGAIN_AFTER_THE_SERVER_HUNG_UP = """
import django
django.setup()
import psycopg, time
from django.conf import settings
from django.db import close_old_connections, connection

def ask():
    close_old_connections()  # as Django does before and after each request
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]

first = ask()
assert ask() == first, "a living connection is kept"
target = {key: connection.settings_dict[key] for key in ("HOST", "PORT", "USER", "NAME")}
other = psycopg.connect(
    host=target["HOST"], port=target["PORT"] or None, user=target["USER"], dbname="postgres", autocommit=True
)
other.execute("SELECT pg_terminate_backend(%s)", [first])
deadline = time.monotonic() + 20
while other.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", [first]).fetchone():
    assert time.monotonic() < deadline
    time.sleep(0.01)
assert ask() != first, "a dead one is replaced"
print("replaced")
"""


def test_a_connection_that_the_server_has_ended_is_replaced_before_it_is_used(tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path) as environment:
        environment["PLUMBLINE_CONN_MAX_AGE_SECONDS"] = "60"
        assert "replaced" in run_python(["-c", ASKS_AGAIN_AFTER_THE_SERVER_HUNG_UP], environment)
