"""docs/formats.md says all that a field mapping can say, and its example works."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from preferences.formats.mapped import mapped_format
from preferences.formats.mapping import TableMapping, VerdictMapping, parse_mapping

PAGE = (Path(__file__).parents[2] / "docs/formats.md").read_text().partition("## Field mapping")[2]


@pytest.mark.parametrize("mapping", [TableMapping, VerdictMapping])
def test_every_key_is_described(mapping):
    described = {
        key for line in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for key in re.findall(r"`(\w+)`", line)
    }
    assert {field.name for field in fields(mapping)} - described == set()


def test_the_example_reads_its_rows():
    (toml,) = re.findall(r"^```toml\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    (lines,) = re.findall(r"^```jsonl\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    format = mapped_format(parse_mapping(toml.encode()))
    (first,), (second,) = (list(format.read(json.loads(line))) for line in lines.splitlines())
    assert first.comparison_hash == second.comparison_hash
    assert [first.responses[index].content for (index,) in first.judgments[0].ranking] == ["Right.", "Left."]
    assert (first.judgments[0].strength, first.judgments[0].dwell_ms) == (2, 8500)
    assert [len(group) for group in second.judgments[0].ranking] == [2]
