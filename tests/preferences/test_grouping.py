"""Near-duplicate prompts fall into one split when that is asked for, and nothing changes when it is not."""

import random

import pytest

from preferences.near_duplicates import LEAST_RESEMBLANCE
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from preferences.snapshot import read_snapshot, verify_snapshot, write_snapshot

WORDS = [f"word{number}" for number in range(40)]


def asked(text, number=0, kind="comparison"):
    responses = tuple(ResponseRecord(f"answer {number}.{place}") for place in range(2 if kind == "comparison" else 1))
    judgments = (JudgmentRecord("p-1", ((0,), (1,))),) if kind == "comparison" else ()
    return ComparisonRecord((Message(role="user", content=text),), responses, judgments, kind=kind)


@pytest.fixture
def records():
    """Thirty prompts, each in three wordings that are nearly the same, two comparisons and a demonstration each."""
    dice = random.Random(3)
    asks = [" ".join(dice.choices(WORDS, k=30)) for _ in range(30)]
    wordings = [wording for ask in asks for wording in (ask, ask + "!", ask.upper() + " please")]
    kinds = ("comparison", "comparison", "demonstration")
    return [asked(text, number, kind) for text in wordings for number, kind in enumerate(kinds)]


def splits_of(path):
    """Splits by the first thirty words of the prompt."""
    found = {}
    for row in read_snapshot(path):
        words = row.record.prompt[0]["content"].lower().strip("!").split()[:30]
        found.setdefault(" ".join(words), set()).add(row.split)
    return found


def test_wordings_of_one_prompt_are_in_one_split_if_asked(tmp_path, records):
    write_snapshot(records, tmp_path / "apart.parquet", validation=0.3, test=0.3)
    manifest = write_snapshot(records, tmp_path / "grouped.parquet", validation=0.3, test=0.3, near_duplicates=True)
    apart, grouped = splits_of(tmp_path / "apart.parquet"), splits_of(tmp_path / "grouped.parquet")
    assert len(apart) == len(grouped) == 30
    assert any(len(splits) > 1 for splits in apart.values())
    assert all(len(splits) == 1 for splits in grouped.values())
    assert {split for splits in grouped.values() for split in splits} == {"train", "validation", "test"}
    assert manifest.split["near_duplicates"] == LEAST_RESEMBLANCE
    assert verify_snapshot(tmp_path / "grouped.parquet").id == manifest.id


def test_the_order_of_the_records_leaves_no_trace(tmp_path, records):
    first = write_snapshot(records, tmp_path / "a.parquet", near_duplicates=True)
    random.Random(5).shuffle(records)
    second = write_snapshot(records, tmp_path / "b.parquet", near_duplicates=True, chunk_bytes=1000)
    assert (first.id, first.file_sha256) == (second.id, second.file_sha256)


def test_prompts_that_differ_keep_the_split_they_have_and_the_request_is_part_of_the_identity(tmp_path):
    apart = [asked(f"{word} alone") for word in WORDS]
    plain = write_snapshot(apart, tmp_path / "a.parquet")
    grouped = write_snapshot(apart, tmp_path / "b.parquet", near_duplicates=True)
    rows = [[row.split for row in read_snapshot(tmp_path / name)] for name in ("a.parquet", "b.parquet")]
    assert rows[0] == rows[1]
    assert plain.id != grouped.id
    assert "near_duplicates" not in plain.split
    assert write_snapshot([], tmp_path / "none.parquet", near_duplicates=True).counts["prompts"] == 0
