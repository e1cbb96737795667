"""OpenAI's format of supervised fine-tuning: {"messages": [{"role", "content", "weight"?}], "tools"?}.

Each message of the assistant that is to be learned (its weight is not 0) is a demonstration, of everything before it.
Source: the reference of `FineTuneChatRequestInput`.

Written are demonstrations, and of each comparison the answer that `best_response` finds; earlier messages of the
assistant get the weight 0, so that only that answer is learned.
"""

from collections.abc import Iterator
from typing import Any

from preferences.best import best_response
from preferences.errors import InvalidRow
from preferences.formats import fields, openai
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.rows import SnapshotRow

DROPS = (
    "pictures, answers of several messages, all answers but the best, judgments, policies, gold answers, metadata but "
    "for tools"
)
_OTHERS = {"chosen", "rejected", "responses", "answers", "input", "completion", "completions"}


def matches(row: dict[str, Any]) -> bool:
    return fields.is_messages(row.get("messages")) and not _OTHERS & row.keys()


def read(row: dict[str, Any]) -> Iterator[ComparisonRecord]:
    given = fields.required(row, "messages")
    turns = fields.messages(openai.plain_messages(given, "messages"), "messages")
    if turns[-1]["role"] != "assistant":
        raise InvalidRow(f"“messages” ends with a message of the role {turns[-1]['role']!r}, not with an answer.")
    learned = list(openai.learned_answers(given))
    if not learned:
        raise InvalidRow("Each message of the assistant has the weight 0, so there is nothing to learn from.")
    if learned[0] == 0:
        raise InvalidRow("“messages” begins with an answer: there is no prompt before it.")
    for place in learned:
        yield fields.record(
            prompt=turns[:place],
            responses=[fields.response_of_messages(turns[place : place + 1])],
            metadata=openai.settings(row),
            kind="demonstration",
        )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    answer = best_text(row, report)
    if answer is not None:
        report.rows += 1
        yield {"messages": openai.weighted(row.record.prompt, answer), **openai.kept_settings(row.record)}


def best_text(row: SnapshotRow, report: ExportReport) -> str | None:
    """The text to imitate, a demonstration's or that of a comparison's best answer; else report why there is none."""
    record = row.record
    best = 0 if record.kind == "demonstration" else best_response(record)
    if best is None:
        report.drop("comparison without one best answer")
        return None
    if record.responses[best].kind != "text":
        report.drop("answer that is a picture or several messages")
        return None
    report.drop("answer that is not the best", len(record.responses) - 1)
    return record.responses[best].content
