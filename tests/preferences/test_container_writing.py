"""Rows written to each container and read again: what comes back, whatever the texts."""

import gzip
import io
import json
import tracemalloc

import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.containers import open_rows
from preferences.containers.cells import read_cell, write_cell
from preferences.containers.writing import CONTAINERS, HEAD_ROWS, container_named, container_of, written
from preferences.errors import InvalidRow, UnknownContainer, UnwritableRow
from tests.preferences.strategies import HOSTILE, characters, json_objects, json_values, texts

STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "[",
    "{",
    "'",
    "''=",
    '"',
    ",",
    ";",
    "\ufeff",
    "=cmd|' /C calc'!A0",
)
hostile = st.one_of(
    st.sampled_from(("", "'", "[1]", "{}", '{"a": 1}', "[", "null", "1", "-1", *HOSTILE)),
    st.builds(str.__add__, st.sampled_from(STARTS), texts),
    st.text(characters, max_size=30),
)
names = hostile.filter(lambda name: not set(name) & set("\t;\r\n"))  # which may be taken for the delimiter
messages = st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": hostile}))
table_rows = st.lists(
    st.fixed_dictionaries(
        {"prompt": messages, "chosen": hostile, "margin": st.none() | st.floats(allow_nan=False, allow_infinity=False)},
        optional={"metadata": json_objects, "responses": st.lists(hostile), "gold": st.lists(st.lists(st.integers()))},
    ),
    max_size=6,
)


def file_of(rows, name, **options):
    return b"".join(written(iter(rows), container_named(name), **options))


def read(content, name=""):
    file = io.BytesIO(content)
    file.name = name
    return [row for _number, row in open_rows(file)]


def without_nulls(row):
    return {name: value for name, value in row.items() if value is not None}


@given(st.lists(json_objects, max_size=6), st.sampled_from(["jsonl", "jsonl.gz", "jsonl.zst"]))
def test_any_json_comes_back_from_jsonl(rows, name):
    assert read(file_of(rows, name)) == rows


@settings(deadline=None)
@given(table_rows, st.sampled_from(["parquet", "parquet.gz", "parquet.zst"]))
def test_rows_come_back_from_parquet_with_their_types_and_without_their_nulls(rows, name):
    assert read(file_of(rows, name)) == [without_nulls(row) for row in rows]


@settings(deadline=None)
@given(table_rows, st.sampled_from(["csv", "csv.gz", "csv.zst"]))
def test_rows_come_back_from_csv_with_numbers_as_texts(rows, name):
    def as_cells(row):
        return {name: json.dumps(value) if name == "margin" else value for name, value in without_nulls(row).items()}

    assert read(file_of(rows, name)) == [as_cells(row) for row in rows]


@settings(deadline=None)
@given(st.lists(st.dictionaries(names, hostile | st.lists(hostile), min_size=1, max_size=3), min_size=1, max_size=4))
def test_hostile_names_of_columns_come_back_as_well(rows):
    assert read(file_of(rows, "csv"), "rows.csv") == rows
    assert read(file_of(rows, "parquet")) == rows


@given(hostile)
def test_no_cell_is_a_formula_and_each_comes_back(text):
    cell = write_cell(text)
    assert cell[:1] not in set("=+-@\t\r\n＝＋－＠[{") | {""}
    assert read_cell(cell) == text


@given(json_values)
def test_a_value_that_is_not_a_text_is_json_in_its_cell(value):
    cell = write_cell(value)
    if isinstance(value, list | dict):
        assert read_cell(cell) == value
    elif not isinstance(value, str):
        assert read_cell(cell) == (None if value is None else json.dumps(value))


def test_a_spreadsheet_gets_a_mark_for_utf8_and_the_numbers_as_they_are():
    content = file_of([{"text": "=1+1", "margin": -0.5, "is_good": True, "none": None}], "csv")
    assert content == "\ufefftext,margin,is_good,none\r\n'=1+1,-0.5,true,\r\n".encode()


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_same_rows_are_the_same_bytes(name):
    rows = [{"a": f"row {number}" * 50} for number in range(5000)]
    content = file_of(rows, name)
    assert content == file_of(rows, name)
    assert read(content) == rows
    if name.endswith(".gz"):
        assert gzip.decompress(content) == file_of(rows, name.removesuffix(".gz"))
    if name.endswith(".zst"):
        plain = zstandard.ZstdDecompressor().decompressobj().decompress(content)
        assert plain == file_of(rows, name.removesuffix(".zst"))


@pytest.mark.parametrize("name", CONTAINERS)
def test_no_rows_are_a_file_without_rows(name):
    assert read(file_of([], name)) == []


@pytest.mark.parametrize("name", CONTAINERS)
def test_the_first_bytes_leave_before_most_rows_are_read(name):
    taken = []

    def rows():
        for number in range(100_000):
            taken.append(number)
            yield {"a": "x" * 100}

    first = next(written(rows(), container_named(name)))
    assert first
    assert len(taken) <= HEAD_ROWS


@pytest.mark.parametrize("name", ["jsonl.zst", "csv.gz", "parquet"])
def test_writing_holds_a_bounded_part_in_memory(name, monkeypatch):
    monkeypatch.setattr("preferences.containers.parquet_writing.GROUP_BYTES", 1024 * 1024)

    def peak_bytes(count):
        rows = ({"prompt": f"{number} " * 300, "ranking": [[0], [1]]} for number in range(count))
        tracemalloc.start()
        for _piece in written(rows, container_named(name)):
            pass
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_bytes(10)
    assert peak_bytes(6_000) < 1.3 * peak_bytes(3_000)


@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_a_field_that_comes_late_is_told_unless_it_was_declared(name):
    rows = [{"a": "x"}] * 2000 + [{"a": "x", "gold": [[0]]}]
    with pytest.raises(UnwritableRow, match=f"Row 2001 cannot be written as {name}: it has “gold”"):
        file_of(rows, name)
    assert read(file_of(rows, name, columns=("a", "gold"))) == rows


@pytest.mark.parametrize(
    ("first", "late", "why"),
    [
        ("x", 1, "“a” is 1, and in the first rows it is a text"),
        (1, 0.5, "“a” is 0.5, and in the first rows it is a whole number"),
        (0.5, True, "“a” is True, and in the first rows it is a number"),
        (["x"], [1], "a list, each item a text"),
        ([{"role": "user", "content": "x"}], [{"role": "user", "content": None}], "a list, each item a message"),
    ],
)
def test_a_type_that_changes_late_is_told(first, late, why):
    with pytest.raises(UnwritableRow, match=why):
        file_of([{"a": first}] * 1500 + [{"a": late}], "parquet")


@pytest.mark.parametrize(
    ("first", "late"),
    [
        (1.5, 2),
        ("x", None),
        ([], [{"any": "thing"}]),
        (None, {"policy": "p"}),
        ([{"content": "x"}], [{"content": "x", "policy": "p"}]),
        (2**70, "x"),
        ([["x"], []], [[]]),
    ],
)
def test_what_the_first_rows_leave_open_stays_open(first, late):
    rows = [{"a": first}] * 1500 + [{"a": late}]
    assert read(file_of(rows, "parquet")) == [without_nulls(row) for row in rows]


def test_values_of_several_kinds_make_a_column_of_json():
    rows = [{"a": 1}, {"a": "1"}, {"a": [1, "x", None]}, {"a": {"b": None}}]
    assert read(file_of(rows, "parquet")) == rows


def test_messages_numbers_and_lists_have_types_that_other_readers_see():
    row = {"prompt": [{"role": "user", "content": "x"}], "n": 1, "margin": 0.5, "ok": True, "r": [[0]], "m": {"x": 1}}
    schema = pq.ParquetFile(io.BytesIO(file_of([row], "parquet"))).schema_arrow
    told = ["list<element: struct<role: string, content: string>>", "int64", "double", "bool"]
    told += ["list<element: list<element: int64>>", "extension<arrow.json>"]
    assert [str(field.type) for field in schema] == told


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_a_row_that_no_file_can_hold_is_named(name):
    rows = [{"a": "x"}, {"a": "\ud800"}]
    with pytest.raises(UnwritableRow, match=f"Row . cannot be written as {name}: it holds a lone surrogate"):
        file_of(rows, name)


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_a_nul_is_written_and_refused_when_it_is_read(name):
    first, second = read(file_of([{"a": "x\0y"}, {"a": "z"}], name))
    assert isinstance(first, InvalidRow)
    assert first.reason == "bad-text"
    assert second == {"a": "z"}


@pytest.mark.parametrize(
    ("file_name", "name"),
    [("a.jsonl", "jsonl"), ("A.CSV.GZ", "csv.gz"), ("a.b.parquet", "parquet"), ("x/y.jsonl.zst", "jsonl.zst")],
)
def test_a_name_says_the_container(file_name, name):
    assert container_of(file_name).name == name


@pytest.mark.parametrize("file_name", ["a", "a.txt", "jsonl", "a.gz", "a.csv.bz2"])
def test_a_name_that_says_none_is_refused_with_those_there_are(file_name):
    with pytest.raises(UnknownContainer, match=r"one of \.jsonl, .*\.parquet\.zst"):
        container_of(file_name)
    with pytest.raises(UnknownContainer, match=r"no container “csv\.bz2”"):
        container_named("csv.bz2")
