"""Statements are counted on the wire to PostgreSQL, whatever driver sends them."""

import psycopg
import pytest

from benchmarks.wire import StatementCounter
from tests.engines import postgres_server

pytestmark = pytest.mark.postgres


def test_simple_and_prepared_statements_and_those_of_transactions_are_counted() -> None:
    with StatementCounter(postgres_server()) as counter:
        with psycopg.connect(counter.url) as connection:
            connection.execute("SELECT 1", prepare=True)
            connection.execute("SELECT %s::int", [2])
        assert counter.statements == 4  # BEGIN, two, COMMIT
        with psycopg.connect(counter.url, autocommit=True) as connection:
            cursor = psycopg.ClientCursor(connection)
            assert cursor.execute("SELECT %s", ["x" * 100_000]).fetchone() == ("x" * 100_000,)
        assert counter.statements == 5


def test_a_failed_statement_counts_and_its_error_passes_through() -> None:
    with StatementCounter(postgres_server()) as counter:
        with psycopg.connect(counter.url, autocommit=True) as connection, pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        assert counter.statements == 1
