"""Files that people really publish, found through PLUMBLINE_DATA."""

import gzip
import json
from collections import Counter

import pytest

from preferences.containers import open_rows
from preferences.errors import InvalidRow
from preferences.formats import ExportReport, detect, format_named
from preferences.pairs import PairRules
from preferences.rows import SnapshotRow
from preferences.snapshot import read_snapshot, store_snapshot


def accounts(path, name="hh-rlhf"):
    """(records by line number, refused rows by line number)."""
    format = format_named(name)
    accepted, refused = {}, {}
    for number, row in open_rows(path):
        try:
            if isinstance(row, InvalidRow):
                raise row
            (accepted[number],) = format.read(row)
        except InvalidRow as error:
            refused[number] = error
    return accepted, refused


@pytest.mark.parametrize(
    ("file", "rows", "reasons"),
    [
        ("hh_harmless_base/train.jsonl.gz", 1461, {"broken-transcript": 2, "empty": 3}),
        ("hh_harmless_base/test.jsonl.gz", 384, {"broken-transcript": 2, "empty": 1}),
        ("hh_helpful_base/train.jsonl.gz", 1489, {"broken-transcript": 5, "empty": 2}),
        ("hh_helpful_base/test.jsonl.gz", 326, {}),
    ],
)
def test_every_row_of_a_public_file_is_accounted_for(data_folder, file, rows, reasons):
    accepted, refused = accounts(data_folder / file)
    assert sorted([*accepted, *refused]) == list(range(1, rows + 1))
    assert Counter(error.reason for error in refused.values()) == reasons


def test_every_accepted_row_is_written_back_byte_for_byte(data_folder):
    path = data_folder / "hh_harmless_base/train.jsonl.gz"
    accepted, _ = accounts(path)
    unequal = Counter()
    with gzip.open(path) as lines:
        for number, line in enumerate(lines, start=1):
            if number in accepted:
                record = accepted[number]
                row = SnapshotRow(record, "train", record.comparison_hash, record.prompt_hash)
                report = ExportReport()
                written = list(format_named("hh-rlhf").write(row, PairRules(), report))
                if written != [json.loads(line)]:
                    unequal[str(dict(report.dropped))] += 1
    assert unequal == {}


def test_a_public_file_is_recognised_and_frozen_the_same_from_either_end(data_folder, tmp_path):
    path = data_folder / "hh_harmless_base/train.jsonl.gz"
    assert detect([row for number, row in open_rows(path) if number <= 20]) == "hh-rlhf"
    accepted, _ = accounts(path)
    file, manifest = store_snapshot(accepted.values(), tmp_path)
    assert store_snapshot(reversed(list(accepted.values())), tmp_path) == (file, manifest)
    assert manifest.counts["comparisons"] == manifest.counts["judgments"] == 1456
    assert sum(1 for _ in read_snapshot(file)) == 1456
