"""Reading files of every kind: what is a row, what is not, and where reading stops."""

import contextlib
import gzip
import io
import json
import tracemalloc

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from preferences.containers import Limits, count_rows, open_rows
from preferences.containers.jsonl import parse_row
from preferences.containers.writing import container_named, written
from preferences.errors import InvalidRow, UnreadableFile
from tests.preferences.strategies import json_objects


def rows_of(content, **limits):
    return list(open_rows(io.BytesIO(content), limits=Limits(**limits)))


def told(content, **limits):
    return [(number, row.reason if isinstance(row, InvalidRow) else row) for number, row in rows_of(content, **limits)]


@pytest.mark.parametrize(
    ("line", "reason", "sentence"),
    [
        (b'{"a": 1', "not-json", r"The row is not JSON: .* at character 8\."),
        (b"{'a': 1}", "not-json", "not JSON"),
        (b'{"a": NaN}', "not-json", "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "not-json", "-Infinity is not a JSON number"),
        (b'{"a": 1e999}', "not-json", "1e999 is larger than any number can be"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not-json", "cannot be read|can be read"),
        (b"[" * 100_000, "not-json", "nested too deeply"),
        (b'"text"', "not-an-object", "not an object but a text"),
        (b"[1]", "not-an-object", "not an object but an array"),
        (b"null", "not-an-object", "not an object but null"),
        (b"true", "not-an-object", "not an object but true or false"),
        (b"3.5", "not-an-object", "not an object but a number"),
        (b'{"a": "\xff"}', "not-utf8", "not UTF-8: byte 8 of the line"),
        ('{"a": "é"}'.encode("utf-16"), "not-utf8", "not UTF-8"),
        (b'{"a": "\\ud800"}', "bad-text", r"lone surrogate \(U\+D800\)"),
        (b'{"a": [{"\\u0000": 1}]}', "bad-text", r"NUL character \(U\+0000\)"),
    ],
)
def test_a_bad_row_is_told_apart_with_a_sentence(line, reason, sentence):
    row = parse_row(line)
    assert isinstance(row, InvalidRow)
    assert row.reason == reason
    with pytest.raises(InvalidRow, match=sentence):
        raise row


def test_bad_rows_keep_their_line_numbers_and_the_others_go_on():
    assert told(b'{"a":1}\n\n  \nnonsense\r\n{"a":2}') == [(1, {"a": 1}), (4, "not-json"), (5, {"a": 2})]


def test_only_newlines_end_a_row():
    row = {"a": "one\u2028two\u0085three\x0bfour"}
    assert told(json.dumps(row, ensure_ascii=False).encode() + b"\r\n") == [(1, row)]


def test_a_byte_order_mark_is_passed_over_at_the_start_only():
    assert told(b'\xef\xbb\xbf{"a":1}\n\xef\xbb\xbf{"a":2}\n') == [(1, {"a": 1}), (2, "not-json")]


def test_a_pair_of_surrogates_is_one_character():
    assert told(b'{"a": "\\ud83d\\ude00"}') == [(1, {"a": "\U0001f600"})]


def test_a_row_over_the_cap_is_rejected_and_the_next_one_is_read():
    long = b'{"a":"' + b"x" * 5_000_000 + b'"}'
    assert told(b'{"a":1}\n' + long + b'\n{"a":2}\n', row_bytes=1000) == [
        (1, {"a": 1}),
        (2, "too-large"),
        (3, {"a": 2}),
    ]
    assert told(long, row_bytes=1000) == [(1, "too-large")]


@pytest.mark.parametrize("extra", [-1, 0, 1, 2])
@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_the_cap_counts_the_row_and_not_its_line_ending(extra, ending):
    row = b'{"a":"' + b"x" * (100 - 8 + extra) + b'"}'
    expected = "too-large" if extra > 0 else json.loads(row)
    assert told(row + ending, row_bytes=100) == [(1, expected)]


@given(st.lists(json_objects, max_size=8), st.booleans())
def test_any_rows_come_back_plain_and_packed(rows, escaped):
    content = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows).encode()
    expected = list(enumerate(rows, start=1))
    for packed in (content, gzip.compress(content), zstandard.compress(content)):
        assert told(packed) == expected


STARTS = (b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"[", b"[{", b"a,b\n", b'a,"', b"\xef\xbb\xbf")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_at_all_can_do_worse_than_be_refused(content):
    for source in (*(start + content for start in STARTS), b"PAR1" + content + b"\x10\0\0\0PAR1"):
        with contextlib.suppress(UnreadableFile):
            assert all(isinstance(row, dict | InvalidRow) for _, row in rows_of(source))


PACKING = {"gzip": gzip.compress, "zstandard": zstandard.ZstdCompressor(write_checksum=True).compress}


@pytest.fixture(params=PACKING)
def pack(request):
    return PACKING[request.param]


def test_several_packed_files_in_a_row_are_one(pack):
    assert told(pack(b'{"a":1}\n') + pack(b"") + pack(b'{"a":2}\n')) == [(1, {"a": 1}), (2, {"a": 2})]


def test_what_is_packed_is_known_by_its_bytes_and_not_by_its_name(tmp_path, pack):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(pack(b'{"a":1}\n'))
    assert list(open_rows(path)) == [(1, {"a": 1})]


@pytest.mark.parametrize("missing", [1, 3, 100])
def test_a_packed_file_that_breaks_off_gives_its_whole_rows_first(pack, missing):
    rows = b"".join(b'{"a":%d}\n' % number for number in range(20_000))
    read = []
    with pytest.raises(UnreadableFile, match=r"damaged or ends too early\. It was read to line \d+\."):
        read.extend(open_rows(io.BytesIO(pack(rows)[:-missing])))
    assert read == [(number + 1, {"a": number}) for number in range(len(read))]
    assert len(read) > 10_000


def test_damage_within_a_packed_file_is_told(pack):
    packed = bytearray(pack(b"".join(b'{"a":%d}\n' % (number**5) for number in range(20_000))))
    packed[len(packed) // 2] ^= 0xFF
    with pytest.raises(UnreadableFile, match="damaged"):
        rows_of(bytes(packed))


def test_a_compression_bomb_is_stopped_early(pack):
    bomb = pack(b" " * 50_000_000)
    tracemalloc.start()
    with pytest.raises(UnreadableFile, match="more than 200 times its size"):
        rows_of(bomb, ratio_from_bytes=1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_a_table_that_repeats_one_value_is_stopped_when_its_rows_are_too_much():
    table = b"".join(written([{"a": "x" * 5000}] * 2000, container_named("parquet")))
    with pytest.raises(UnreadableFile, match=r"more than 1,000,000 bytes\. It was read to row 199\."):
        rows_of(table, file_bytes=1_000_000)


def test_a_compression_bomb_that_holds_a_table_is_not_unpacked_to_disk():
    table = b"".join(written(({"a": f"{n}" + "x" * 5000} for n in range(2000)), container_named("parquet")))
    with pytest.raises(UnreadableFile, match="more than 200 times its size"):
        rows_of(table, ratio_from_bytes=1_000_000)
    with pytest.raises(UnreadableFile, match="more than 200,000 bytes"):
        rows_of(gzip.compress(table + b"x" * 300_000), file_bytes=200_000)


def test_a_file_over_the_cap_is_stopped():
    with pytest.raises(UnreadableFile, match=r"more than 20 bytes\. It was read to line 2\."):
        rows_of(b'{"a":1}\n' * 10, file_bytes=20)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"PK\x03\x04", "a ZIP archive or a spreadsheet's own file"),
        (b"\xd0\xcf\x11\xe0", "an old spreadsheet's own file"),
        (b"\xfd7zXZ\x00", "an XZ file"),
        ("text;chosen\n".encode("utf-16"), "a text in UTF-16"),
    ],
)
def test_other_kinds_of_file_are_named(start, name):
    for content in (start + b"rest", gzip.compress(start + b"rest")):
        with pytest.raises(
            UnreadableFile, match=f"This is {name}. JSONL, a JSON array, CSV, TSV or Parquet is needed."
        ):
            rows_of(content)


@pytest.mark.parametrize(("name", "rows"), [("jsonl", 9), ("csv", 9), ("parquet", 9), ("parquet.zst", 9)])
def test_a_progress_bar_is_told_about_how_many_rows_there_are(name, rows):
    content = b"".join(written([{"a": "x", "b": "y"}] * rows, container_named(name)))
    assert count_rows(io.BytesIO(content)) == rows
    assert count_rows(io.BytesIO(b'[{"a": 1}]')) is None


def test_an_empty_file_has_no_rows():
    assert rows_of(b"") == []
    assert rows_of(gzip.compress(b"")) == []


def test_only_a_row_that_brings_a_picture_may_be_as_large_as_pictures_are():
    picture = b'{"picture": "data:image/png;base64,' + b"A" * 3000 + b'"}'
    text = b'{"text": "' + b"A" * 3000 + b'"}'
    limits = {"row_bytes": 1000, "picture_row_bytes": 4000}
    rows = told(b"\n".join([text, picture, picture.replace(b"A", b"AA"), text, b"{}"]), **limits)
    assert [(number, row if isinstance(row, str) else "read") for number, row in rows] == [
        (1, "too-large"),
        (2, "read"),
        (3, "too-large"),
        (4, "too-large"),
        (5, "read"),
    ]
