"""docs/formats.md shows rows of every format: each is read, and taken for its own format and no other."""

import json
import re
from pathlib import Path

import pytest

from preferences.errors import InvalidRow
from preferences.formats import FORMATS, detect, read_rows

PAGE = (Path(__file__).parents[2] / "docs/formats.md").read_text()
SECTIONS = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
EXAMPLES = {
    name: [
        json.loads(line)
        for block in re.findall(r"^```json\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
        for line in block.splitlines()
    ]
    for name, text in SECTIONS.items()
    if name in FORMATS
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_documented_row_is_detected_as_its_format_alone_and_together(name):
    rows = EXAMPLES[name]
    assert rows
    assert [detect([row]) for row in rows] == [name] * len(rows)
    assert detect(rows) == name


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_documented_row_is_read(name):
    readings = list(read_rows(enumerate(EXAMPLES[name], start=1), FORMATS[name]))
    refused = [str(reading.found) for reading in readings if isinstance(reading.found, InvalidRow)]
    assert refused == []
    assert sum(len(reading.rows) for reading in readings) == len(EXAMPLES[name])


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_documented(name):
    section = re.sub("-(standard|ranking)$", "", name)
    assert section in EXAMPLES
    assert f"`{name}`" in SECTIONS[section] or name == section


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_other_format_that_is_tried_earlier_takes_the_rows_for_its_own(name):
    earlier = list(FORMATS)[: list(FORMATS).index(name)]
    for row in EXAMPLES[name]:
        assert [other for other in earlier if FORMATS[other].is_detected and FORMATS[other].matches(row)] == []
