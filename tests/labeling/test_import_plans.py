"""After an import PostgreSQL knows how much there is, so that the first annotator is not served by sorting it all."""

import psycopg
import pytest

from tests.engines import fresh_database, run_python
from tests.labeling.files import pair, write_rows

ROWS = 600


@pytest.mark.postgres
def test_an_import_of_many_rows_lets_the_planner_know_of_them(tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(ROWS)])
    with fresh_database("postgresql", tmp_path) as environment:
        run_python(["manage.py", "create_project", "fresh"], environment)
        run_python(["manage.py", "import_responses", "fresh", str(path)], environment)
        with psycopg.connect(environment["DATABASE_URL"]) as connection:
            known = connection.execute(
                "SELECT reltuples FROM pg_class WHERE relname IN ('labeling_comparison', 'labeling_prompt')"
            ).fetchall()
    assert [count for (count,) in known] == [ROWS, ROWS]
