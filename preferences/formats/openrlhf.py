"""OpenRLHF's preference datasets: {"context_messages" or "input", "chosen", "rejected", "margin"?}.

OpenRLHF reads columns by the names it is given (`--data.prompt_key`, `--data.chosen_key`, `--data.rejected_key`; in
older versions without `data.`). With `--data.apply_chat_template` the three are lists of messages, and it renders the
prompt's list with each answer's behind it: an answer must not repeat the prompt. Without, they are texts that it glues
together as they are, prompt first. `margin` counts as 0 where it is missing. It truncates where TRL leaves rows out.

Written: messages, for `--data.prompt_key context_messages --data.apply_chat_template`. For texts, `trl-standard` writes
what it takes with `--data.prompt_key prompt`. Read: both; a row whose prompt is called `prompt` is a `trl` row.
Source: openrlhf/datasets/reward_dataset.py and the README of OpenRLHF/OpenRLHF.
"""

from collections.abc import Iterator
from typing import Any

from preferences.formats import fields, trl
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.rows import SnapshotRow

NAME = "openrlhf"
PROMPT_KEYS = ("context_messages", "input")
DROPS = trl.DROPS


def matches(row: dict[str, Any]) -> bool:
    has_columns = {"chosen", "rejected"} <= row.keys() and any(key in row for key in PROMPT_KEYS)
    return has_columns and not {"prompt", "instruction"} & row.keys()


def read(row: dict[str, Any]) -> ComparisonRecord:
    key = next((key for key in PROMPT_KEYS if key in row), PROMPT_KEYS[0])
    prompt = fields.prompt(fields.required(row, key), key)
    return fields.chosen_over_rejected(
        prompt,
        trl.answer(row, "chosen", prompt),
        trl.answer(row, "rejected", prompt),
        metadata=trl.margin_of(row),
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    for written in trl.write(row, rules, report):
        prompt = written.pop("prompt")
        yield {"context_messages": prompt, **written}
