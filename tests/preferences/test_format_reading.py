"""How rows become readings: none lost, and those that belong together read as one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidRow
from preferences.formats import Format, Grouping, read_rows
from preferences.formats.fields import prompt, record
from preferences.formats.reading import MOST_RECORDS, MOST_ROWS_TOGETHER
from preferences.records import ResponseRecord


def read(row):
    if "bad" in row["answers"]:
        raise InvalidRow("A bad answer.", reason="empty")
    for number in range(row.get("prompts", 1)):
        answers = [ResponseRecord(answer) for answer in row["answers"]]
        yield record(prompt=prompt(f"Question {number}?"), responses=answers)


def join(rows):
    if any("stray" in row["answers"] for row in rows):
        raise InvalidRow("A stray answer.")
    return {"answers": [answer for row in rows for answer in row["answers"]]}


PLAIN = Format("plain", lambda row: True, read, None, "everything")
GROUPED = Format("grouped", lambda row: True, read, None, "everything", grouping=Grouping(lambda row: row["of"], join))
rows = st.lists(
    st.one_of(
        st.just(InvalidRow("broken", reason="not-json")),
        st.fixed_dictionaries(
            {"of": st.sampled_from([None, "a", "b"]), "answers": st.lists(st.sampled_from(["x", "y", "bad", "stray"]))}
        ),
    )
)


@given(rows, st.sampled_from([PLAIN, GROUPED]))
def test_each_row_is_in_exactly_one_reading_in_order(rows, format):
    numbered = list(enumerate(rows, start=1))
    readings = list(read_rows(iter(numbered), format))
    assert [row for reading in readings for row in reading.rows] == numbered
    assert all(isinstance(reading.found, InvalidRow) or reading.records for reading in readings)


def test_a_row_may_hold_several_comparisons_and_one_that_holds_none_is_refused():
    several, none = read_rows(enumerate([{"answers": ["x", "y"], "prompts": 3}, {"answers": [], "prompts": 0}]), PLAIN)
    assert [one.prompt[0]["content"] for one in several.records] == ["Question 0?", "Question 1?", "Question 2?"]
    assert (none.records, none.found.reason) == ((), "too-few-responses")


def test_a_row_of_more_comparisons_than_a_transaction_is_meant_for_is_refused():
    rows = [{"answers": ["x", "y"], "prompts": MOST_RECORDS + more} for more in (0, 1, 10**9)]
    most, *others = read_rows(enumerate(rows), PLAIN)
    assert len(most.records) == MOST_RECORDS
    assert {str(each.found) for each in others} == {"The row holds more than 1,000 comparisons."}


def test_rows_with_one_key_are_read_together_and_share_their_fate():
    given_rows = [
        {"of": "a", "answers": ["x"]},
        {"of": "a", "answers": ["y"]},
        {"of": "b", "answers": ["x", "bad"]},
        {"of": "b", "answers": ["y"]},
        InvalidRow("broken"),
        {"of": None, "answers": ["x", "y"]},
        {"of": None, "answers": ["x", "z"]},
        {"of": "a", "answers": ["stray"]},
    ]
    readings = list(read_rows(enumerate(given_rows, start=1), GROUPED))
    assert [[number for number, _row in reading.rows] for reading in readings] == [[1, 2], [3, 4], [5], [6], [7], [8]]
    assert [len(reading.records) for reading in readings] == [1, 0, 0, 1, 1, 0]
    assert [str(reading.found) for reading in readings if not reading.records] == [
        "A bad answer.",
        "broken",
        "A stray answer.",
    ]


@pytest.mark.parametrize("count", [MOST_ROWS_TOGETHER, MOST_ROWS_TOGETHER + 1])
def test_no_more_rows_are_held_together_than_memory_is_meant_for(count):
    given_rows = [(number, {"of": "a", "answers": [str(number)]}) for number in range(count)]
    sizes = [len(reading.rows) for reading in read_rows(given_rows, GROUPED)]
    assert sizes == [MOST_ROWS_TOGETHER, 1][: len(sizes)]
    assert sum(sizes) == count
