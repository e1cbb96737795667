"""What people and tools call CSV, TSV, Parquet and JSON arrays, read row by row."""

import contextlib
import csv
import datetime as dt
import io
import json
import tracemalloc
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.containers import Limits, open_rows
from preferences.containers.delimited import is_table
from preferences.errors import InvalidRow, UnreadableFile
from tests.preferences.strategies import characters, json_objects


def told(content, name="", **limits):
    file = io.BytesIO(content)
    file.name = name
    rows = open_rows(file, limits=Limits(**limits))
    return [(number, row.reason if isinstance(row, InvalidRow) else row) for number, row in rows]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_a_table_is_read_whatever_cuts_its_cells_and_ends_its_lines(mark, delimiter, ending):
    lines = ("prompt|chosen", "한국어|b", '"two\nlines, ""quoted"""|', "", '[{"role": "user"}]|{"a": 1}')
    lines = (*lines[:-1], '"[{""role"": ""user""}]"|"{""a"": [1, null]}"')
    content = mark + "".join(line.replace("|", delimiter) + ending for line in lines).encode()
    assert told(content) == [
        (2, {"prompt": "한국어", "chosen": "b"}),
        (3, {"prompt": 'two\nlines, "quoted"'}),
        (6, {"prompt": [{"role": "user"}], "chosen": {"a": [1, None]}}),
    ]


def test_rows_of_the_wrong_width_are_rejected_by_line_and_the_others_go_on():
    content = b"a,b\n1,2\n3\n4,5,6\n7,8\n"
    assert told(content) == [
        (2, {"a": "1", "b": "2"}),
        (3, "wrong-width"),
        (4, "wrong-width"),
        (5, {"a": "7", "b": "8"}),
    ]
    rows = list(open_rows(io.BytesIO(content)))
    assert str(rows[2][1]) == "The row has 3 cells, and the first row names 2 columns."
    assert rows[2][1].line == b"4,5,6\n"


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("'=1+1", "=1+1"),
        ("'@x", "@x"),
        ("''=1", "'=1"),
        ("'tis", "'tis"),
        ("'quoted'", "'quoted'"),
        ("=1+1", "=1+1"),
        ("[1, 2", "[1, 2"),
        ("[NaN]", "[NaN]"),
        ("[1] says so", "[1] says so"),
        ("'[1]", "[1]"),
        ("[1]", [1]),
        ("{}", {}),
        ("12", "12"),
        ("true", "true"),
    ],
)
def test_a_cell_is_a_text_unless_it_is_a_list_or_an_object(cell, read):
    text = io.StringIO()
    csv.writer(text).writerows([["a", "b"], ["x", cell]])
    assert told(text.getvalue().encode()) == [(2, {"a": "x", "b": read})]


@given(st.lists(st.lists(st.text(characters, max_size=15), min_size=2, max_size=2), max_size=6))
def test_what_another_writer_made_is_read_as_it_reads_it(rows):
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["first", "second"], *rows])
    expected = [{name: cell for name, cell in zip(("first", "second"), row, strict=True) if cell} for row in rows]
    read = [row for _number, row in told(text.getvalue().encode(), "a.csv")]
    plain = [row for row in expected if not any(cell[0] in "'[{" for cell in row.values())]
    assert [row for row, meant in zip(read, expected, strict=True) if meant in plain] == plain


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        (b'a,b\n"x"y,z\n1,2\n', ["not-csv", "read"]),
        (b'a,b\n"he said "hi",\nbut left",z\n1,2\n', ["not-csv", "read"]),
        (b'a,b\n1,2\n3,"never closed\n4,5\n', ["read", "not-csv"]),
        (b"a,b\n1,\xff\n1,2\n", ["not-utf8", "read"]),
        (b'a,b\n"\xff\n",2\n1,2\n', ["not-utf8", "read"]),
        (b"a,b\n1,\0\n1,2\n", ["bad-text", "read"]),
        (b'a,b\n1,"[""\\ud800""]"\n1,2\n', ["bad-text", "read"]),
        (b'a,b\n1,"' + b'x\n"",\n' * 5000 + b'"\n1,2\n', ["too-large", "read"]),
        (b"a,b\n1," + b"x" * 5000 + b"\n1,2\n", ["too-large", "read"]),
    ],
)
def test_a_record_that_cannot_be_read_leaves_nothing_of_itself_behind(content, reasons):
    rows = told(content, row_bytes=1000)
    assert [row if isinstance(row, str) else "read" for _number, row in rows] == reasons


def test_a_record_may_be_as_large_as_pictures_are_if_it_brings_one():
    cell = b"data:image/png;base64," + b"A" * 3000
    for content in (b'a,b\n1,"' + cell + b'"\n', b'a,b\n1,"x\n' + cell + b'"\n'):
        assert len(told(content, row_bytes=1000, picture_row_bytes=4000)[0][1]) == 2
        assert told(content, row_bytes=1000, picture_row_bytes=2000) == [(2, "too-large")]


def test_an_unclosed_quotation_mark_does_not_fill_the_memory():
    content = b'a,b\n1,"' + (b"words, " * 20_000 + b"\n") * 100
    tracemalloc.start()
    assert told(content) == [(2, "too-large")]
    assert tracemalloc.get_traced_memory()[1] < 10_000_000 < len(content)
    tracemalloc.stop()


def test_a_column_without_a_name_is_left_out_and_one_that_is_there_twice_is_refused():
    assert told(b",prompt,chosen\n0,a,b\n") == [(2, {"prompt": "a", "chosen": "b"})]
    with pytest.raises(UnreadableFile, match="column “a” more than once"):
        told(b"a,b,a\n1,2,3\n", "a.csv")
    with pytest.raises(UnreadableFile, match=r"The first row of a table names its columns, and cannot be read\."):
        told(b'"a"x,b\n1,2\n', "a.csv")


@pytest.mark.parametrize(
    ("start", "claim"),
    [
        (b"prompt,chosen\n", True),
        (b"prompt\tchosen\nx\ty\n", True),
        (b"prompt\nWhy?\n", True),
        (b"prompt,chosen\n{},x\n", True),
        (b"prompt\n", False),
        (b"", False),
        (b"some words of prose\nand more\n", False),
        (b'"broken", row\n{"a": 1}\n', False),
        (b"broken\n{\n", False),
        (b"a,a\n1,2\n", False),
    ],
)
def test_a_table_is_told_from_broken_lines_by_its_first_rows(start, claim):
    assert is_table(start) is claim


def test_the_name_of_a_file_decides_where_its_first_bytes_do_not():
    content = b"some words of prose\nand more\n"
    assert told(content, "a.CSV.gz") == [(2, {"some words of prose": "and more"})]
    assert told(content, "a.txt") == [(1, "not-json"), (2, "not-json")]
    assert told(b"a,b\n1,2\n", "a.jsonl") == [(1, "not-json"), (2, "not-json")]
    assert told(b'{"a": 1}\n', "a.csv") == [(1, {"a": 1})]


@settings(deadline=None, max_examples=50)
@given(st.lists(json_objects, max_size=5), st.sampled_from([None, 1]), st.booleans(), st.integers(1, 9))
def test_any_objects_come_back_from_an_array_however_it_is_laid_out(rows, indent, escaped, piece_bytes):
    content = f" \n{json.dumps(rows, indent=indent, ensure_ascii=escaped)}\n".encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("preferences.containers.json_array.PIECE_BYTES", piece_bytes)
        assert told(content) == list(enumerate(rows, start=1))


def test_bad_elements_of_an_array_keep_their_numbers_and_the_others_go_on():
    content = b"""[{"a": 1}, 3, {'a': 2}, {"a": "}]\\\\"}, {"a": "\xff"}, {"a": %s}, {"a": 4},]""" % (b"9" * 2000)
    assert told(content, row_bytes=1000) == [
        (1, {"a": 1}),
        (2, "not-an-object"),
        (3, "not-json"),
        (4, {"a": "}]\\"}),
        (5, "not-utf8"),
        (6, "too-large"),
        (7, {"a": 4}),
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'[{"a": 1}, {"a": 2}', "does not end: its last “]” is missing. It was read to row 1."),
        (b'[{"a": "x}]', "does not end: its last “]” is missing."),
        (b'[{"a": 1}] [{"a": 2}]', "After the end of the JSON array there is more: .* It was read to row 1."),
        (b'[{"a": 1}\n[{"a": 2}]\n', "does not end"),
    ],
)
def test_an_array_that_does_not_end_as_it_should_is_told_after_its_rows(content, sentence):
    read = []
    with pytest.raises(UnreadableFile, match=sentence):
        read.extend(open_rows(io.BytesIO(content)))


def test_reading_an_array_holds_one_element_in_memory(tmp_path):
    path = tmp_path / "rows.json"
    path.write_text(json.dumps([{"a": f"{number}" * 500} for number in range(5000)]))
    tracemalloc.start()
    assert sum(1 for _ in open_rows(path)) == 5000
    assert tracemalloc.get_traced_memory()[1] < 4_000_000 < path.stat().st_size
    tracemalloc.stop()


def parquet(table, **options):
    file = io.BytesIO()
    pq.write_table(table, file, **options)
    return file.getvalue()


def test_columns_of_other_writers_become_what_json_has():
    table = pa.table(
        {
            "messages": [[{"role": "user", "content": "x"}]],
            "scores": pa.array([[1.5, None]], pa.list_(pa.float32())),
            "label": pa.array(["x"]).dictionary_encode(),
            "when": pa.array([dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)]),
            "day": [dt.date(2024, 2, 29)],
            "price": [Decimal("1.50")],
            "counts": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int32())),
            "nothing": pa.array([None], pa.string()),
            "json": pa.array(['{"a": [null]}'], pa.json_()),
        }
    )
    expected = {
        "messages": [{"role": "user", "content": "x"}],
        "scores": [1.5, None],
        "label": "x",
        "when": "2024-02-29T12:00:00+00:00",
        "day": "2024-02-29",
        "price": 1.5,
        "counts": {"a": 1},
        "json": {"a": [None]},
    }
    assert told(parquet(table)) == [(1, expected)]
    assert told(parquet(table, compression="gzip", store_schema=False, version="1.0")) == [(1, expected)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (pa.array([b"raw", None]), "not-json"),
        (pa.array([float("nan"), None]), "not-json"),
        (pa.array([float("inf"), None]), "not-json"),
        (pa.array(["x\0y", None]), "bad-text"),
        (pa.array(["x" * 5000, None]), "too-large"),
        (pa.array(["not json", None], pa.json_()), "not-json"),
        (pa.array([2**62, None]).cast(pa.timestamp("us")), "not-json"),
        (pa.Array.from_buffers(pa.string(), 2, pa.array([b"\xff", b""]).buffers()), "not-utf8"),
    ],
)
def test_a_value_that_json_does_not_have_rejects_its_row_alone(values, reason):
    rows = told(parquet(pa.table({"a": ["first", "second"], "b": values})), row_bytes=1000)
    assert rows[0] == (1, reason)
    assert rows[1][1]["a"] == "second"


@settings(deadline=None)
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=8))
def test_a_damaged_table_is_told_and_never_worse(place, damage):
    content = bytearray(parquet(pa.table({"a": [f"row {n}" for n in range(50)], "b": [[{"c": n}] for n in range(50)]})))
    place %= len(content)
    content[place : place + len(damage)] = damage
    with contextlib.suppress(UnreadableFile):
        assert all(isinstance(row, dict | InvalidRow) for _number, row in open_rows(io.BytesIO(content)))


def test_a_table_is_read_a_few_rows_at_a_time(tmp_path):
    path = tmp_path / "rows.parquet"
    with pq.ParquetWriter(path, pa.schema([("a", pa.string())])) as file:
        for group in range(20):
            file.write_table(pa.table({"a": [f"{group} {row}" * 300 for row in range(1000)]}))
    before = pa.total_allocated_bytes()
    rows = open_rows(path)
    next(rows)
    assert pa.total_allocated_bytes() - before < 10_000_000
    assert sum(1 for _ in rows) == 19_999
