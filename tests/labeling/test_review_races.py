"""Reviewers who reach for the same comparisons at the same time, on real engines with real connections."""

import json

import pytest

from tests.engines import fresh_database, run_python


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_of_many_reviewers_one_decides_and_the_others_are_told(engine, tmp_path):
    with fresh_database(engine, tmp_path) as environment:
        printed = run_python(["-m", "tests.labeling.race_reviews", "8", "12"], environment)
    assert json.loads(printed.splitlines()[-1]) == {
        "answered": 96,
        "is_contested": True,
        "adjudicated_twice": 0,
        "items_doubled": 0,
        "items_on_adjudicated": 0,
        "reviewed_after_the_last_word": 0,
        "violations": [],
        "errors": [],
    }
