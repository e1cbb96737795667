"""Prompts that ask for a demonstration: {"prompt": text or messages}, with one response to improve, or with none.

No format of its own: a project that collects demonstrations takes such rows in `responses` and `plumbline` files.
"""

from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, plumbline
from preferences.records import ComparisonRecord

FIELDS = {"prompt", "responses", "documents", "metadata"}


def matches(row: Any) -> bool:
    """Whether a row has a prompt, at most one response, and says nothing that another format would understand."""
    if not isinstance(row, dict) or "prompt" not in row or not row.keys() <= FIELDS:
        return False
    responses = row.get("responses")
    return responses is None or (isinstance(responses, list) and len(responses) <= 1)


def read(row: dict[str, Any]) -> ComparisonRecord:
    """The prompt, its documents and metadata, and the response to begin from, if there is one. Raises: InvalidRow."""
    if not matches(row):
        raise InvalidRow("The row is no prompt with at most one response.")
    return fields.record(
        prompt=fields.prompt(fields.required(row, "prompt")),
        responses=[plumbline.response_of(item, "responses, 1") for item in row.get("responses") or ()],
        metadata=plumbline.metadata_of(row),
        kind="prompt",
    )
