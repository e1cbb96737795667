"""Several imports of one file at the same time, by real processes on real engines: each row enters once."""

import json
import subprocess
import sys

import pytest

from tests.engines import ROOT, fresh_database, run_python
from tests.labeling.files import pair, write_rows

pytestmark = pytest.mark.slow
IMPORTS = 3
ROWS = 1200


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_three_imports_of_one_file_at_once_take_each_row_once(engine, tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", [pair(number) for number in range(ROWS)])
    with fresh_database(engine, tmp_path) as environment:
        run_python(["manage.py", "create_project", "raced"], environment)
        command = [sys.executable, "manage.py", "import_responses", "raced", str(path), "--json"]
        running = [
            subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for _ in range(IMPORTS)
        ]
        told = []
        for process in running:
            out, err = process.communicate(timeout=240)
            assert process.returncode == 0, err[-2000:]
            told.append(json.loads(out.splitlines()[-1]))
        proved = json.loads(run_python(["manage.py", "check_invariants", "--json"], environment).splitlines()[-1])
        frozen = json.loads(
            run_python(["manage.py", "create_snapshot", "raced", "--json"], environment).splitlines()[-1]
        )
    assert [counts["rows"] for counts in told] == [ROWS] * IMPORTS
    assert sum(counts["accepted"] for counts in told) == ROWS
    assert sum(counts["unchanged"] for counts in told) == ROWS * (IMPORTS - 1)
    assert sum(counts["rejected"] for counts in told) == proved["violations"] == 0
    assert frozen["counts"]["comparisons"] == frozen["counts"]["judgments"] == ROWS
