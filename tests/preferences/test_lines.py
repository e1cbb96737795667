import contextlib
import gzip
import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidRow, UnreadableFile
from preferences.lines import Limits, open_rows, parse_row
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
def test_any_rows_come_back_plain_and_gzipped(rows, escaped):
    content = "".join(json.dumps(row, ensure_ascii=escaped) + "\n" for row in rows).encode()
    expected = list(enumerate(rows, start=1))
    assert told(content) == expected
    assert told(gzip.compress(content)) == expected


@given(st.binary(max_size=300))
def test_no_bytes_at_all_can_do_worse_than_be_refused(content):
    for source in (content, b"\x1f\x8b" + content):
        with contextlib.suppress(UnreadableFile):
            assert all(isinstance(row, dict | InvalidRow) for _, row in rows_of(source))


def test_several_gzip_members_are_one_file():
    assert told(gzip.compress(b'{"a":1}\n') + gzip.compress(b'{"a":2}\n')) == [(1, {"a": 1}), (2, {"a": 2})]


def test_gzip_is_known_by_its_bytes_and_not_by_its_name(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(gzip.compress(b'{"a":1}\n'))
    assert list(open_rows(path)) == [(1, {"a": 1})]


def test_a_gzip_file_that_breaks_off_gives_its_whole_rows_first():
    rows = b"".join(b'{"a":%d}\n' % number for number in range(20_000))
    read = []
    with pytest.raises(UnreadableFile, match="damaged or ends too early"):
        read.extend(open_rows(io.BytesIO(gzip.compress(rows)[:-100])))
    assert read == [(number + 1, {"a": number}) for number in range(len(read))]


def test_a_compression_bomb_is_stopped_early():
    bomb = gzip.compress(b" " * 50_000_000)
    tracemalloc.start()
    with pytest.raises(UnreadableFile, match="more than 200 times its size"):
        rows_of(bomb, ratio_from_bytes=1_000_000)
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()


def test_a_file_over_the_cap_is_stopped():
    with pytest.raises(UnreadableFile, match=r"more than 20 bytes; it was read to line 3"):
        rows_of(b'{"a":1}\n' * 10, file_bytes=20)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b"PAR1", "a Parquet file"),
        (b"PK\x03\x04", "a ZIP archive"),
        (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
        (b"\xfd7zXZ\x00", "an XZ file"),
    ],
)
def test_other_kinds_of_file_are_named(start, name):
    with pytest.raises(UnreadableFile, match=name):
        rows_of(start + b"rest")


def test_one_json_array_is_named_as_such():
    with pytest.raises(UnreadableFile, match="one JSON array"):
        rows_of(b'[\n{"a":1},\n{"a":2}\n]')
    with pytest.raises(UnreadableFile, match="one JSON array"):
        rows_of(b'[{"a":1},{"a":2}]')


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
