"""OpenAI's format of direct preference optimization, which Azure, Together and Fireworks take too.

{"input": {"messages", "tools"?, "parallel_tool_calls"?}, "preferred_output": messages,
 "non_preferred_output": messages}. Source: the guide “Direct preference optimization” and the reference of
`FineTunePreferenceRequestInput`, which calls the answers `preferred_completion` and `non_preferred_completion`; both
names are read, the guide's are written.
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, openai, trl
from preferences.formats.pairwise import NOT_HELD, decided_pairs
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, ResponseRecord
from preferences.rows import SnapshotRow

DROPS = f"{NOT_HELD}, but for tools; strength"
_PREFERRED = ("preferred_output", "preferred_completion")
_NOT_PREFERRED = ("non_preferred_output", "non_preferred_completion")


def matches(row: dict[str, Any]) -> bool:
    request = row.get("input")
    return isinstance(request, dict) and "messages" in request and any(name in row for name in _PREFERRED)


def read(row: dict[str, Any]) -> ComparisonRecord:
    request = fields.required(row, "input")
    if not isinstance(request, dict):
        raise InvalidRow("“input” is not an object with “messages”.")
    name = "input, messages"
    return fields.chosen_over_rejected(
        fields.messages(openai.plain_messages(request.get("messages"), name), name),
        _answer(row, _PREFERRED),
        _answer(row, _NOT_PREFERRED),
        metadata=openai.settings(request),
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    request = {"messages": [dict(turn) for turn in record.prompt], **openai.kept_settings(record)}
    for pair in decided_pairs(row, rules, report):
        report.rows += 1
        yield {
            "input": request,
            "preferred_output": [dict(turn) for turn in trl.turns_of(record.responses[pair.better])],
            "non_preferred_output": [dict(turn) for turn in trl.turns_of(record.responses[pair.worse])],
        }


def _answer(row: dict[str, Any], names: tuple[str, str]) -> ResponseRecord:
    name = next((name for name in names if row.get(name) is not None), names[0])
    return fields.response_of_messages(fields.messages(openai.plain_messages(fields.required(row, name), name), name))
