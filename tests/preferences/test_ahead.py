"""A file that another process reads ahead says what it says when it is read here."""

import gzip
import json

import pytest

from preferences import ahead
from preferences.ahead import Reader
from preferences.errors import InvalidRow, UnknownFormat, UnreadableFile

ROWS = 3 * ahead.ROWS_TOGETHER + 7


@pytest.fixture(autouse=True)
def _every_file_is_large(monkeypatch):
    monkeypatch.setattr(ahead, "SMALL_BYTES", 0)


def write(path, rows=ROWS):
    lines = [json.dumps({"prompt": f"{n}?", "chosen": f"yes {n}", "rejected": f"no {n}"}) for n in range(rows)]
    lines[5] = '{"broken'
    content = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def told(reading):
    found = reading.found
    return reading.rows, (str(found), found.reason, found.line) if isinstance(found, InvalidRow) else found


def test_every_reading_comes_in_order_with_its_row(tmp_path):
    path = write(tmp_path / "rows.jsonl")
    here, there = list(Reader("trl").read(path)), list(Reader("trl").read_ahead(path))
    assert [told(reading)[1] for reading in there] == [told(reading)[1] for reading in here]
    assert [reading.rows[0][0] for reading in there] == list(range(1, ROWS + 1))
    assert there[0].rows == here[0].rows


def test_hashes_are_worked_out_by_the_other_process(tmp_path):
    reading = next(Reader("trl").read_ahead(write(tmp_path / "rows.jsonl")))
    assert "comparison_hash" in vars(reading.records[0])


def count_until_unreadable(readings):
    rows = 0
    try:
        for _reading in readings:
            rows += 1
    except UnreadableFile as error:
        return rows, str(error)
    return rows, "whole"


def test_a_file_that_breaks_off_is_read_to_there(tmp_path):
    path = write(tmp_path / "rows.jsonl.gz")
    path.write_bytes(path.read_bytes()[:-20])
    rows, sentence = count_until_unreadable(Reader("trl").read_ahead(path))
    assert (rows, sentence) == count_until_unreadable(Reader("trl").read(path))
    assert "damaged or ends too early" in sentence


def test_a_mapping_goes_along(tmp_path):
    path = write(tmp_path / "rows.jsonl")
    mapping = {"prompt": "prompt", "responses": ["chosen", "rejected"]}
    last = list(Reader("mapped", mapping).read_ahead(path))[-1]
    assert sorted(response.content for response in last.records[0].responses) == [f"no {ROWS - 1}", f"yes {ROWS - 1}"]


def test_a_reader_of_an_unknown_format_is_refused_before_a_process_begins():
    with pytest.raises(UnknownFormat):
        Reader("nothing").as_format()


def test_who_stops_listening_ends_the_process(tmp_path, monkeypatch):
    begun = []
    started = ahead._started
    monkeypatch.setattr(ahead, "_started", lambda *given: begun.append(started(*given)) or begun[0])
    readings = Reader("trl").read_ahead(write(tmp_path / "rows.jsonl", 20_000))
    next(readings)
    readings.close()
    assert begun[0].returncode is not None


def test_a_process_that_dies_is_no_end_of_the_file(tmp_path, monkeypatch):
    started = ahead._started

    def dying(*given):
        process = started(*given)
        process.kill()
        return process

    monkeypatch.setattr(ahead, "_started", dying)
    with pytest.raises(RuntimeError, match="ended before the file did"):
        list(Reader("trl").read_ahead(write(tmp_path / "rows.jsonl", 20_000)))
