"""What a benchmark leaves behind."""

import json
from pathlib import Path

import pytest

from benchmarks.report import Row, percentile, row_of_rounds, write_report


@pytest.mark.parametrize(
    ("share", "expected"), [(0.01, 1.0), (0.5, 2.0), (0.51, 3.0), (0.75, 3.0), (0.76, 4.0), (0.95, 4.0), (1.0, 4.0)]
)
def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed(share: float, expected: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == expected


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.1)])
def test_a_percentile_of_nothing_or_of_no_share_is_refused(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="No percentile"):
        percentile(values, share)


def test_rounds_are_reported_by_median_and_range_beside_the_median_of_the_peer() -> None:
    row = row_of_rounds("speed", "ours", [30.0, 10.0, 20.0], "1/s", peer="theirs", peer_values=[1.0, 9.0, 4.0])
    assert row == Row("speed", "ours", "theirs", 20.0, "1/s", ratio=5.0, low=10.0, high=30.0)


def test_one_round_has_no_range_and_a_missing_peer_no_ratio() -> None:
    assert row_of_rounds("speed", "ours", [20.0], "1/s", peer="theirs") == Row("speed", "ours", None, 20.0, "1/s")


def test_a_report_says_machine_versions_command_and_rows(tmp_path: Path) -> None:
    rows = [
        Row("speed", "ours", "theirs", 2.00049, "1/s", ratio=1.23456, low=1.0, high=3.0),
        Row("speed", "theirs", None, 0.0, "1/s"),
    ]
    path = write_report("judging", rows, {"peer": "1.2"}, ["--rounds", "3", "--work", "/a/b"], tmp_path / "results")
    written = json.loads(path.read_text())
    assert path == tmp_path / "results" / "judging.json"
    assert set(written) == {"machine", "versions", "command", "rows"}
    assert written["versions"]["peer"] == "1.2"
    assert written["command"] == ".venv/bin/python -m benchmarks judging --rounds 3 --work b"
    assert written["rows"] == [
        {
            "name": "speed",
            "subject": "ours",
            "peer": "theirs",
            "value": 2.0,
            "unit": "1/s",
            "ratio": 1.235,
            "low": 1.0,
            "high": 3.0,
        },
        {"name": "speed", "subject": "theirs", "peer": None, "value": 0.0, "unit": "1/s", "ratio": None},
    ]


def test_a_small_figure_keeps_three_digits(tmp_path: Path) -> None:
    row = Row("difference", "ours", None, 0.000123456, "nats", low=-0.00004321, high=0.7996)
    written = json.loads(write_report("judging", [row], {}, [], tmp_path).read_text())["rows"][0]
    assert (written["value"], written["low"], written["high"]) == (0.000123, -0.0000432, 0.8)
