"""A prompt with responses nobody has judged: {"prompt": text or messages, "responses": [text, …]}.

A response may be a picture as well: {"picture": data URL or path, "alt"?}.
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, plumbline
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "responses"
EXTENSIONS = (".jsonl",)
DROPS = "pictures, judgments, policies, sampling settings, gold answers, metadata"


def matches(row: dict[str, Any]) -> bool:
    responses = row.get("responses")
    return (
        "prompt" in row
        and isinstance(responses, list)
        and all(isinstance(item, str) for item in responses)
        and not plumbline.matches(row)
    )


def read(row: dict[str, Any]) -> ComparisonRecord:
    responses = fields.required(row, "responses")
    if not isinstance(responses, list):
        raise InvalidRow("“responses” is not a list.")
    return fields.record(
        prompt=fields.prompt(fields.required(row, "prompt")),
        responses=[_response(item, f"responses, {position}") for position, item in enumerate(responses, start=1)],
    )


def _response(item: Any, name: str) -> ResponseRecord:
    if isinstance(item, dict) and "picture" in item:
        return fields.response_of_picture(item, name)
    return ResponseRecord(fields.text(item, name))


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    if record.kind == "demonstration":
        report.drop("demonstration: it has one response")
    elif any(response.kind != "text" for response in record.responses):
        report.drop("comparison whose responses are not plain text")
    else:
        report.drop("judgment", len(record.judgments))
        report.drop("gold answer", int(record.gold is not None))
        report.rows += 1
        yield {
            "prompt": [dict(turn) for turn in record.prompt],
            "responses": [response.content for response in record.responses],
        }
