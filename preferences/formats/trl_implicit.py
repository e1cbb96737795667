"""TRL's preference datasets with the prompt inside both answers: {"chosen", "rejected"}, as RewardTrainer likes it."""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import conversations, fields, hh_rlhf, trl
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, Message, ResponseRecord
from preferences.rows import SnapshotRow

EXTENSIONS = (".jsonl",)
DROPS = f"{trl.DROPS}; where the prompt ends"
DROPS_STANDARD = f"{trl.DROPS_STANDARD}; where the prompt ends"


def matches(row: dict[str, Any]) -> bool:
    if "prompt" in row or not {"chosen", "rejected"} <= row.keys():
        return False
    return type(row["chosen"]) is type(row["rejected"]) and isinstance(row["chosen"], str | list)


def read(row: dict[str, Any]) -> ComparisonRecord:
    chosen, rejected = fields.required(row, "chosen"), fields.required(row, "rejected")
    if hh_rlhf.matches(row):
        return hh_rlhf.read(row)
    if isinstance(chosen, str) and isinstance(rejected, str):
        return _read_standard(fields.text(chosen, "chosen"), fields.text(rejected, "rejected"))
    return _read_messages(fields.messages(chosen, "chosen"), fields.messages(rejected, "rejected"))


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    for written in trl.write(row, rules, report):
        prompt = written.pop("prompt")
        yield {**written, "chosen": prompt + written["chosen"], "rejected": prompt + written["rejected"]}


def write_standard(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    for written in trl.write_standard(row, rules, report):
        prompt = written.pop("prompt")
        yield {**written, "chosen": prompt + written["chosen"], "rejected": prompt + written["rejected"]}


def _read_messages(chosen: tuple[Message, ...], rejected: tuple[Message, ...]) -> ComparisonRecord:
    prompt, better, worse = conversations.split(chosen, rejected)
    return fields.chosen_over_rejected(prompt, better, worse)


def _read_standard(chosen: str, rejected: str) -> ComparisonRecord:
    """Split two texts where they part, moved back to the last white space: TRL's own rule, kept to whole words."""
    if chosen == rejected:
        raise InvalidRow("“chosen” and “rejected” are identical.", reason="identical-responses")
    end = conversations.shared_length(chosen, rejected)
    while end and not chosen[end - 1].isspace():
        end -= 1
    prompt = chosen[:end].rstrip()
    if not prompt:
        raise InvalidRow("The two texts do not begin with the same words, so they have no prompt in common.")
    return fields.chosen_over_rejected(
        (Message(role="user", content=prompt),),
        ResponseRecord(chosen[len(prompt) :]),
        ResponseRecord(rejected[len(prompt) :]),
    )
