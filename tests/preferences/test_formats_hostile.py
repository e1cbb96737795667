"""Whatever stands in the columns of these formats: a row is read or refused with a sentence, never worse."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.errors import InvalidRow
from preferences.formats import FORMATS, detect, read_rows
from preferences.records import ComparisonRecord
from tests.preferences.strategies import texts
from tests.preferences.test_formats_documented import EXAMPLES

OURS = (
    "kto",
    "ultrafeedback",
    "helpsteer2",
    "helpsteer2-preference",
    "helpsteer3",
    "nectar",
    "openrlhf",
    "arena",
)
numbers = st.one_of(st.integers(), st.floats(), st.sampled_from([0, 1, -3, 1e308, 2**70]))
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5), texts)
names = st.sampled_from(["role", "content", "answer", "rank", "model", "score", "strength", "type", "text"])
objects = st.dictionaries(names, scalars | st.lists(scalars, max_size=2), max_size=4)
values = st.one_of(scalars, objects, st.lists(scalars, max_size=3), st.lists(objects, max_size=3))


@pytest.mark.parametrize("name", OURS)
@given(data=st.data())
def test_a_row_with_anything_in_it_is_read_or_refused(name, data):
    good = data.draw(st.sampled_from(EXAMPLES[name]))
    changed = data.draw(st.dictionaries(st.sampled_from([*good, "rows"]), values, min_size=1, max_size=3))
    row = {**good, **changed}
    assert FORMATS[name].matches(row) in (True, False)
    with contextlib.suppress(InvalidRow):
        assert all(isinstance(record, ComparisonRecord) for record in FORMATS[name].read(row))
    rows = list(enumerate([good, row, good, row], start=1))
    readings = list(read_rows(rows, FORMATS[name]))
    assert [numbered for reading in readings for numbered in reading.rows] == rows
    for reading in readings:
        if isinstance(reading.found, InvalidRow):
            assert str(reading.found).endswith(".")
            assert reading.found.reason


@given(st.lists(st.sampled_from(OURS), min_size=1, max_size=3, unique=True))
def test_a_file_is_taken_for_the_format_that_most_of_its_rows_are_in(mixed):
    most, *others = mixed
    rows = [row for other in others for row in EXAMPLES[other]]
    assert detect(rows + EXAMPLES[most] * (len(rows) + 1)) == most
