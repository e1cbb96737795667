import hashlib
import json
import random
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from preferences.errors import DamagedSnapshot
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, JudgmentRecord, Message, ResponseRecord
from preferences.snapshot import (
    ROW_GROUP_BYTES,
    file_sha256,
    manifest_path,
    read_manifest,
    read_snapshot,
    store_snapshot,
    verify_snapshot,
    write_snapshot,
)
from preferences.sorting import sorted_lines
from tests.preferences.strategies import comparisons
from tests.preferences.test_records import bytes_of


def comparison(number, *, prompt=None, kind="comparison", **fields):
    k = 2 if kind == "comparison" else 1
    return ComparisonRecord(
        prompt=(Message(role="user", content=f"prompt {number if prompt is None else prompt}"),),
        responses=tuple(ResponseRecord(f"answer {number}.{place}") for place in range(k)),
        kind=kind,
        **fields,
    )


def judged(number, ranking=((0,), (1,)), **fields):
    return comparison(number, judgments=(JudgmentRecord("p-1", ranking, **fields),))


MANY = [judged(number, guideline_version=1 + number % 2) for number in range(60)]


@given(st.lists(comparisons(), max_size=6), st.randoms(use_true_random=False))
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_what_was_frozen_comes_back_and_order_leaves_no_trace(records, random):
    shuffled = records[:]
    random.shuffle(shuffled)
    with TemporaryDirectory() as folder:
        first = write_snapshot(records, Path(folder) / "a.parquet", seed=1)
        second = write_snapshot(shuffled, Path(folder) / "b.parquet", seed=1, chunk_bytes=1)
        assert (first.id, first.file_sha256) == (second.id, second.file_sha256)
        back = [row.record for row in read_snapshot(Path(folder) / "a.parquet")]
        assert sorted(map(bytes_of, back)) == sorted(map(bytes_of, records))
        assert verify_snapshot(Path(folder) / "a.parquet") == first


def test_the_identity_of_a_known_snapshot_never_changes_between_versions(tmp_path):
    record = judged(1, strength=2, reason="clear", judged_at=datetime(2026, 1, 2, 3, 4, 5, 6, UTC), dwell_ms=1200)
    manifest = write_snapshot([record], tmp_path / "known.parquet", seed=7)
    prompt = '[{"content":"prompt 1","role":"user"}]'
    contents = sorted(["answer 1.0", "answer 1.1"], key=sha256)
    better = contents.index("answer 1.0")
    lines = [
        '{"format_version":1,"rules":{"all_bad":"keep","margin":"none","surplus":"drop","ties":"drop",'
        '"weight":"prompt"},"split":{"seed":7,"test":0.1,"validation":0.1}}',
        f'{{"comparison":"{sha256(chr(10).join([sha256(prompt), *map(sha256, contents)]))}","gold":null,'
        '"judgments":[{"all_bad":false,"annotator":"p-1","dwell_ms":1200,"flags":[],"guideline_version":null,'
        f'"is_surplus":false,"ranking":[[{better}],[{1 - better}]],"ratings":{{}},"reason":"clear","shown_order":[],'
        f'"source":"person","strength":2}}],"kind":"comparison","metadata":{{}},"prompt":{prompt},'
        f'"prompt_hash":"{sha256(prompt)}","responses":['
        f'{{"content":"{contents[0]}","hash":"{sha256(contents[0])}","kind":"text","policy":null,"sampling":null}},'
        f'{{"content":"{contents[1]}","hash":"{sha256(contents[1])}","kind":"text","policy":null,"sampling":null}}],'
        '"split":"train"}',
    ]
    assert manifest.id == sha256("".join(f"{line}\n" for line in lines))
    assert manifest.id == "7bf9b03588680de6e214f1999532eae045fa601d9b40efe9f3dbd0a3a28c2acd"


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def test_when_things_happened_is_kept_but_is_no_part_of_the_identity(tmp_path):
    early, late = (judged(1, judged_at=datetime(2026, 1, day, tzinfo=UTC)) for day in (1, 2))
    first = write_snapshot([early], tmp_path / "early.parquet")
    assert first.id == write_snapshot([late], tmp_path / "late.parquet").id
    (row,) = read_snapshot(tmp_path / "late.parquet")
    assert row.record.judgments[0].judged_at == datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 1},
        {"validation": 0.2},
        {"rules": PairRules(ties="half")},
        {"rules": PairRules(votes="share")},
    ],
)
def test_another_split_or_other_rules_are_another_snapshot(tmp_path, changed):
    base = write_snapshot(MANY, tmp_path / "a.parquet")
    assert write_snapshot(MANY, tmp_path / "b.parquet", **changed).id != base.id


def test_a_snapshot_keeps_the_hash_it_had_before_votes_were_a_rule(tmp_path):
    prompt = (Message(role="user", content="Which way?"),)
    responses = (ResponseRecord("Left."), ResponseRecord("Right."))
    record = ComparisonRecord(prompt, responses, (JudgmentRecord("p-1", ((1,), (0,)), strength=2),))
    manifest = write_snapshot([record], tmp_path / "a.parquet", seed=3, rules=PairRules(ties="half"))
    assert manifest.id == "235dea6e9644596829bd4f7831acdd081650adad97b985c05c28974946cfcb4a"
    assert "votes" not in manifest.rules
    assert manifest.pair_rules.votes == "each"


def test_filters_and_drops_describe_a_snapshot_without_naming_it(tmp_path):
    base = write_snapshot(MANY, tmp_path / "a.parquet")
    told = write_snapshot(MANY, tmp_path / "b.parquet", filters={"exclude_imported": True}, drops={"retracted": 2})
    assert told.id == base.id
    assert (told.filters, told.drops) == ({"exclude_imported": True}, {"retracted": 2})


@pytest.mark.parametrize(
    "fields",
    [{"strength": 1}, {"annotator": "p-2"}, {"all_bad": True}, {"is_surplus": True}, {"ratings": {0: {"tone": 1}}}],
)
def test_any_part_of_a_verdict_changes_the_identity(tmp_path, fields):
    changed = replace(MANY[0], judgments=(replace(MANY[0].judgments[0], **fields),))
    first = write_snapshot(MANY, tmp_path / "a.parquet")
    assert write_snapshot([changed, *MANY[1:]], tmp_path / "b.parquet").id != first.id


def test_counts_add_up(tmp_path):
    records = [
        judged(1),
        judged(2, ranking=((0, 1),), source="imported", all_bad=True),
        comparison(3, prompt=1, gold=((1,), (0,))),
        comparison(4, prompt=1, kind="demonstration"),
        judged(5, source="simulated", is_surplus=True),
    ]
    manifest = write_snapshot(records, tmp_path / "a.parquet", validation=0, test=0)
    expected = {"comparisons": 4, "demonstrations": 1, "prompts": 3, "responses": 9, "judgments": 3}
    assert manifest.counts == {
        **expected,
        "ties": 1,
        "all_bad": 1,
        "surplus": 1,
        "imported": 1,
        "simulated": 1,
        "gold": 1,
        "annotators": 1,
        "splits": {"train": expected, "validation": dict.fromkeys(expected, 0), "test": dict.fromkeys(expected, 0)},
    }


def test_a_prompt_is_in_one_split_and_its_rows_follow_each_other(tmp_path):
    records = [comparison(number, prompt=number % 30) for number in range(300)]
    write_snapshot(records, tmp_path / "a.parquet", validation=0.3, test=0.3)
    rows = list(read_snapshot(tmp_path / "a.parquet"))
    seen = [row.prompt_hash for row in rows]
    assert len({(row.prompt_hash, row.split) for row in rows}) == 30
    assert sum(a != b for a, b in pairwise(seen)) == 29
    parts = [list(read_snapshot(tmp_path / "a.parquet", split=split)) for split in ("train", "validation", "test")]
    assert sorted(map(len, parts)) != [0, 0, 300]
    assert sum(map(len, parts)) == 300


def test_demonstrations_and_comparisons_can_be_read_apart(tmp_path):
    write_snapshot([comparison(1), comparison(2, kind="demonstration")], tmp_path / "a.parquet")
    assert [row.record.kind for row in read_snapshot(tmp_path / "a.parquet", kind="demonstration")] == ["demonstration"]


def test_the_manifest_stands_beside_the_file_and_within_it(tmp_path):
    path = tmp_path / "a.parquet"
    manifest = write_snapshot(MANY, path)
    assert read_manifest(path) == manifest
    assert manifest.guideline_versions == [1, 2]
    assert json.loads(manifest_path(path).read_text())["id"] == manifest.content_sha256
    manifest_path(path).unlink()
    assert read_manifest(path) == replace(manifest, file_sha256="")


def test_a_stored_snapshot_is_named_by_its_content_and_stored_once(tmp_path):
    path, manifest = store_snapshot(MANY, tmp_path)
    changed_at = path.stat().st_mtime_ns
    assert path.name == f"{manifest.id}.parquet"
    assert store_snapshot(reversed(MANY), tmp_path) == (path, manifest)
    assert path.stat().st_mtime_ns == changed_at
    assert sorted(file.name for file in tmp_path.iterdir()) == [path.name, f"{path.name}.manifest.json"]


def test_a_damaged_copy_is_replaced_when_the_same_content_is_stored_again(tmp_path):
    path, manifest = store_snapshot(MANY, tmp_path)
    path.write_bytes(b"not a file any more")
    store_snapshot(MANY, tmp_path)
    assert file_sha256(path) == manifest.file_sha256


def test_a_failing_source_leaves_nothing_behind(tmp_path):
    def failing():
        yield from MANY
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        store_snapshot(failing(), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_changed_byte_is_found(tmp_path):
    path, _ = store_snapshot(MANY, tmp_path)
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedSnapshot, match="sha256 differs"):
        verify_snapshot(path)


def test_what_is_no_snapshot_is_refused_before_the_first_row(tmp_path):
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(DamagedSnapshot, match="not a Parquet file"):
        read_snapshot(tmp_path / "text.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(DamagedSnapshot, match="carries no manifest"):
        read_snapshot(tmp_path / "other.parquet")


def without_judgments(path):
    table = pq.read_table(path).drop(["judgments"])
    pq.write_table(table.replace_schema_metadata(pq.read_metadata(path).metadata), path)


def with_damaged_pages(path):
    content = bytearray(path.read_bytes())
    content[4:64] = b"\x55" * 60
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without_judgments, r"rows of a\.parquet have no judgments"),
        (with_damaged_pages, r"^The rows of a\.parquet cannot be read: [^\n]*[^.]\.$"),
        (lambda path: path.unlink(), r"There is no file a\.parquet"),
    ],
)
def test_damaged_rows_are_told_in_a_sentence(tmp_path, damage, sentence):
    path = tmp_path / "a.parquet"
    write_snapshot([comparison(number) for number in range(200)], path)
    damage(path)
    with pytest.raises(DamagedSnapshot, match=sentence):
        list(read_snapshot(path))


@pytest.mark.parametrize("text", ["{", "{}", "[]", "[" * 100_000, '{"rules": 5}', "\udcff"])
def test_a_damaged_manifest_is_told_in_a_sentence(tmp_path, text):
    path = tmp_path / "a.parquet"
    write_snapshot(MANY, path)
    manifest_path(path).write_text(text, errors="surrogateescape")
    with pytest.raises(DamagedSnapshot, match=r"manifest of a\.parquet cannot be read"):
        read_manifest(path)


def test_an_empty_snapshot_can_be_read(tmp_path):
    manifest = write_snapshot([], tmp_path / "a.parquet")
    assert manifest.counts["comparisons"] == 0
    assert list(read_snapshot(tmp_path / "a.parquet")) == []


@given(st.lists(st.binary(max_size=20).map(lambda line: line.replace(b"\n", b"")), max_size=50), st.integers(1, 200))
def test_lines_come_back_sorted_whatever_fits_in_memory(lines, chunk_bytes):
    with TemporaryDirectory() as folder:
        assert list(sorted_lines(lines, directory=Path(folder), chunk_bytes=chunk_bytes)) == sorted(lines)


def test_freezing_and_reading_hold_a_bounded_part_in_memory(tmp_path):
    def peak_bytes(count):
        records = (comparison(number, metadata={"pad": f"{number}" * 2000}) for number in range(count))
        tracemalloc.start()
        write_snapshot(records, tmp_path / f"{count}.parquet", chunk_bytes=1 << 20)
        sum(1 for _ in read_snapshot(tmp_path / f"{count}.parquet"))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(10)
    assert peak_bytes(6000) < 1.5 * peak_bytes(2000)


def test_the_first_row_is_read_without_the_rest_of_the_file(tmp_path):
    path, source = tmp_path / "a.parquet", random.Random(0)
    pads = (source.randbytes(15_000).hex() for _ in range(1500))
    write_snapshot((comparison(n, metadata={"pad": pad}) for n, pad in enumerate(pads)), path, chunk_bytes=1 << 20)
    before = pa.total_allocated_bytes()
    rows = read_snapshot(path)
    next(rows)
    assert pa.total_allocated_bytes() - before < 3 * ROW_GROUP_BYTES
