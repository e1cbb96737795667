"""One cell of a CSV file: a text that no spreadsheet takes for a formula, and that comes back as what it was.

A text that a spreadsheet would compute (it begins with = + - @ or the full-width form of one, a tab or a line break),
that would be read as JSON (it begins with [ or {), or that is empty gets an apostrophe in front, and so does one that
begins with apostrophes before any of these; reading takes one apostrophe off again. Lists, objects, numbers and
booleans are JSON, and an empty cell is null. Numbers and booleans come back as texts: CSV does not say which they are.
Source: OWASP, CSV Injection.
"""

import re
from typing import Any

from preferences.containers.jsonl import parse_json, write_json

_MARKED = re.compile(r"'*(?:[=+\-@\t\r\n＝＋－＠\[{]|\Z)")


def write_cell(value: Any) -> str:
    """Raises: ValueError for a number that is not finite."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if _MARKED.match(value) else value
    return write_json(value)


def read_cell(cell: str) -> Any:
    """A text, or the list or object that a cell holds as JSON; None for an empty cell."""
    if not cell:
        return None
    if cell[0] in "[{":
        try:
            return parse_json(cell)
        except (ValueError, RecursionError):
            return cell
    return read_text(cell)


def read_text(cell: str) -> str:
    """The text that a cell holds, without the apostrophe that `write_cell` put before it."""
    return cell[1:] if cell.startswith("'") and _MARKED.match(cell) else cell
