"""A study that is run again finds what earlier runs kept, whatever order a name's parts stand in."""

from pathlib import Path

from benchmarks.outcomes import Outcomes


def test_what_one_run_adds_the_next_one_finds(tmp_path: Path) -> None:
    path = tmp_path / "results" / "study.jsonl"
    first = Outcomes(path)
    assert first.of({"way": "one", "seed": 0}) is None
    first.add({"way": "one", "seed": 0}, {"loss": [0.5, 0.25]})
    first.add({"way": "one", "seed": 1}, {"loss": [0.4]})
    for outcomes in (first, Outcomes(path)):
        assert outcomes.of({"seed": 0, "way": "one"}) == {"loss": [0.5, 0.25]}
        assert outcomes.of({"seed": 1, "way": "one"}) == {"loss": [0.4]}
        assert outcomes.of({"seed": 2, "way": "one"}) is None


def test_the_newest_outcome_of_a_name_counts(tmp_path: Path) -> None:
    outcomes = Outcomes(tmp_path / "study.jsonl")
    outcomes.add({"way": "one"}, {"loss": 1.0})
    outcomes.add({"way": "one"}, {"loss": 2.0})
    assert Outcomes(outcomes.path).of({"way": "one"}) == {"loss": 2.0}
