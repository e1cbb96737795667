"""A chunk that is decided while the one before it is being written knows what that one brings, on both engines."""

import json

import pytest

from labeling.services.imports import BATCH_ROWS as CHUNK
from tests.engines import fresh_database, run_python
from tests.labeling.files import write_rows

pytestmark = pytest.mark.slow

QUARTER = CHUNK // 4
SAID = {"annotator": "ann", "ranking": [[0], [1]]}
OPPOSITE = {"annotator": "ann", "ranking": [[1], [0]]}


def row(number, *answers, judgment=SAID):
    return {
        "prompt": f"Question {number}?",
        "responses": [{"content": f"{answer} {number}", "policy": "p"} for answer in answers],
        "judgments": [judgment],
    }


def rows_that_meet_again_in_the_next_chunk():
    """In each chunk some rows of the chunk before it: the same, by somebody else, contradicted, with one new answer."""
    first = [row(number, "Good", "Bad") for number in range(CHUNK)]
    second = [
        *first[:QUARTER],
        *(row(number, "Good", "Bad", judgment=SAID | {"annotator": "ben"}) for number in range(QUARTER, 2 * QUARTER)),
        *(row(number, "Good", "Bad", judgment=OPPOSITE) for number in range(2 * QUARTER, 3 * QUARTER)),
        *(row(number, "Good", "Other") for number in range(3 * QUARTER, CHUNK)),
    ]
    third = [
        *second[QUARTER : 2 * QUARTER],
        *(row(number, "Other", "Bad") for number in range(3 * QUARTER, CHUNK)),
        *(row(number, "Good", "Other", judgment=OPPOSITE) for number in range(3 * QUARTER, CHUNK)),
        *second[3 * QUARTER :],
    ]
    return [*first, *second, *third]


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_rows_that_refer_to_the_chunk_before_them_are_decided_as_if_it_were_there(engine, tmp_path):
    path = write_rows(tmp_path / "rows.jsonl", rows_that_meet_again_in_the_next_chunk())
    with fresh_database(engine, tmp_path) as environment:
        run_python(["manage.py", "create_project", "met"], environment)

        def told(*words):
            return json.loads(run_python(["manage.py", *words, "--json"], environment).splitlines()[-1])

        counts = told("import_responses", "met", str(path))
        again = told("import_responses", "met", str(path))
        frozen = told("create_snapshot", "met")
        proved = told("check_invariants")
    assert {name: counts[name] for name in ("rows", "accepted", "rejected", "unchanged")} == {
        "rows": 3 * CHUNK,
        "accepted": CHUNK + 3 * QUARTER,
        "rejected": 2 * QUARTER,
        "unchanged": 3 * QUARTER,
    }
    assert (again["accepted"], again["rejected"], again["unchanged"]) == (0, 2 * QUARTER, 3 * CHUNK - 2 * QUARTER)
    assert (frozen["counts"]["comparisons"], frozen["counts"]["judgments"]) == (
        CHUNK + 2 * QUARTER,
        CHUNK + 3 * QUARTER,
    )
    assert proved["violations"] == 0
