"""docs/datasets.md names what there is."""

from dataclasses import fields
from pathlib import Path

from preferences.formats import FORMATS
from preferences.pairs import PairRules

DOC = (Path(__file__).parents[2] / "docs" / "datasets.md").read_text("utf-8")


def test_every_format_and_every_pair_rule_is_described():
    assert [name for name in FORMATS if f"`{name}`" not in DOC] == []
    assert [field.name for field in fields(PairRules) if f"| `{field.name}` |" not in DOC] == []
