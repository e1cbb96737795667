"""Races on real engines with real connections: one wins, nothing is stored twice, nothing is left over."""

import json

import pytest

from tests.engines import fresh_database, run_python


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_32_annotators_racing_for_the_last_slots_store_exactly_what_was_wanted(engine, tmp_path):
    with fresh_database(engine, tmp_path) as environment:
        printed = run_python(["-m", "tests.labeling.race", "32", "50", "3"], environment)
    outcome = json.loads(printed.splitlines()[-1])
    assert outcome == {
        "stored": 150,
        "surplus": 0,
        "above_target": 0,
        "doubled": 0,
        "slots_open": 0,
        "leases_open": 0,
        "errors": [],
    }
