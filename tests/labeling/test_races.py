"""Races on real engines with real connections: one wins, nothing is stored twice, nothing is left over."""

import json

import pytest

from tests.engines import fresh_database, run_python

ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
NOTHING_WENT_WRONG = {
    "above_target": 0,
    "doubled": 0,
    "slots_open": 0,
    "leases_open": 0,
    "violations": [],
    "errors": [],
}


@pytest.fixture(params=ENGINES, scope="module")
def database(request, tmp_path_factory):
    """The environment of one database for all races, each in a project of its own."""
    with fresh_database(request.param, tmp_path_factory.mktemp(request.param)) as environment:
        yield environment


def race(environment, **setting):
    """Let annotators race, check that nothing went wrong, and return what was stored."""
    printed = run_python(["-m", "tests.labeling.race", json.dumps(setting)], environment)
    outcome = json.loads(printed.splitlines()[-1])
    assert {name: outcome.pop(name) for name in NOTHING_WENT_WRONG} == NOTHING_WENT_WRONG
    assert outcome["counted"] == outcome["wanted"]
    if "most_judgments" not in setting.get("project", {}):
        assert outcome["left"] == 0  # nobody went away while something was left for them
    return outcome


def test_32_annotators_racing_for_the_last_slots_store_exactly_what_was_wanted(database):
    stored = race(database, annotators=32, comparisons=50, target=3)
    assert (stored["counted"], stored["surplus"]) == (150, 0)


@pytest.mark.parametrize("policy", ["in_order", "breadth", "depth", "random"])
def test_every_order_hands_out_exactly_what_was_wanted(database, policy):
    project = {"queue_policy": policy, "control_share": 0.2}
    stored = race(database, annotators=8, comparisons=30, target=2, project=project)
    assert (stored["counted"], stored["surplus"]) == (60, 0)


def test_8_annotators_who_hold_five_each_share_the_last_slots_without_a_deadlock(database):
    stored = race(database, annotators=8, comparisons=40, target=3, held=5)
    assert (stored["counted"], stored["surplus"]) == (120, 0)


@pytest.mark.parametrize("again", range(3))
def test_people_who_go_by_different_orders_wait_for_the_last_slots_without_a_deadlock(database, again):
    stored = race(database, annotators=16, comparisons=10, target=3, held=2, project={"control_share": 0.5})
    assert (stored["counted"], stored["surplus"]) == (30, 0)


def test_asking_with_the_answer_leaves_nothing_behind(database):
    stored = race(database, annotators=16, comparisons=60, target=2, asks_with_the_answer=True)
    assert (stored["counted"], stored["surplus"]) == (120, 0)


@pytest.mark.parametrize("asks_with_the_answer", [False, True])
def test_targets_that_grow_while_people_race_are_filled_exactly(database, asks_with_the_answer):
    project = {"most_judgments": 6, "wanted_confidence": 0.8}
    stored = race(
        database,
        annotators=10,
        comparisons=25,
        target=2,
        asks_with_the_answer=asks_with_the_answer,
        project=project,
    )
    assert 2 < stored["most_wanted"] <= 6
    assert stored["surplus"] == 0


def test_gold_beside_its_target_is_surplus_and_the_rest_exact(database):
    project = {"gold_share": 0.4, "repeat_share": 0.2}
    stored = race(database, annotators=12, comparisons=40, target=2, gold=5, held=3, project=project)
    assert stored["counted"] == 80
    assert stored["surplus"] > 0
    assert stored["drawn"]["gold"] > 0
