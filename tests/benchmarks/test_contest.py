"""What is made of the turns: waits, and the database held against what was acknowledged."""

import pytest

from benchmarks.contest import Figures, Ledger, Reading, waits_of
from benchmarks.load import Cycle, Load


def load_of(*cycles: Cycle, seconds: float = 2.0) -> Load:
    return Load(seconds, cycles=list(cycles))


def test_a_clean_database_has_zeros_after_what_was_acknowledged() -> None:
    ledger = Ledger()
    ledger.acknowledged["ours"] = ["a", "b"]
    assert list(ledger.compare("ours", [("a", 1, 7), ("b", 2, 7)]).values()) == [2, 0, 0, 0, 0]


def test_lost_doubled_and_surplus_judgments_and_failures_are_counted() -> None:
    ledger = Ledger()
    ledger.acknowledged["ours"] = ["a", "b", "c"]
    ledger.failures["ours"] = ["500"]
    stored = [("a", 1, 7), ("x", 1, 7), ("b", 2, 7), ("y", 2, 8), ("z", 3, 8)]
    assert ledger.compare("ours", stored) == {
        "acknowledged": 3,
        "acknowledged but not stored": 1,
        "stored twice": 1,
        "comparisons above their target": 2,
        "requests that failed": 1,
    }


def test_next_and_submit_are_told_apart_only_where_they_are_two_requests() -> None:
    assert waits_of(load_of(Cycle("a", 0.0, 0.25, 0.5))) == {"whole cycle": [0.75], "next": [0.25], "submit": [0.5]}
    assert waits_of(load_of(Cycle("a", 0.0, None, 0.5))) == {"whole cycle": [0.5]}


def test_figures_are_per_second_and_per_judgment_and_stand_beside_the_peer() -> None:
    figures = Figures()
    before = Reading(web=1.0, postgres=1.0, clients=0.0, machine=10.0)
    fast = load_of(*(Cycle(str(number), 0.0, 0.010, 0.020) for number in range(40)))
    slow = load_of(*(Cycle(str(number), 0.0, 0.100, 0.200) for number in range(4)))
    figures.add("ours", 16, fast, before, Reading(web=1.2, postgres=1.1, clients=0.5, machine=11.0))
    figures.add("theirs", 16, slow, before, Reading(web=1.4, postgres=1.4, clients=0.1, machine=11.1))
    rows = {(row.name, row.subject): row for row in figures.rows(peer="Theirs 1.0", beside="theirs")}
    speed = rows["judgments, 16 annotators", "ours"]
    assert (speed.value, speed.unit, speed.peer, speed.ratio) == (20.0, "judgments/s", "Theirs 1.0", 10.0)
    assert rows["server CPU, web, 16 annotators", "ours"].value == pytest.approx(5.0)
    assert rows["server CPU, web + PostgreSQL, 16 annotators", "ours"].value == pytest.approx(7.5)
    assert rows["server CPU, web + PostgreSQL, 16 annotators", "ours"].ratio == pytest.approx(7.5 / 200)
    assert rows["next, 95th percentile, 16 annotators", "theirs"].value == pytest.approx(100.0)
    assert rows["next, 95th percentile, 16 annotators", "theirs"].peer is None
    assert rows["CPU that others used meanwhile", "this machine"].value == pytest.approx(0.1)
