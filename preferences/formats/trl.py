"""TRL's preference datasets, with the prompt apart: {"prompt", "chosen", "rejected"}, standard or conversational.

Conversational: each is a list of messages. Standard: each is a text, and TRL concatenates prompt and answer as they
are, so a standard row is read and written without adding or taking a space. `margin` is a column of all rows or none:
TRL's collator looks at the first row of a batch only.
"""

import json
from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.formats.hh_rlhf import transcript
from preferences.formats.pairwise import NOT_HELD, decided_pairs
from preferences.formats.report import ExportReport
from preferences.pairs import Pair, PairRules
from preferences.records import ComparisonRecord, Message, ResponseRecord
from preferences.rows import SnapshotRow

EXTENSIONS = (".jsonl",)
TYPED_FIELDS = ("margin",)
DROPS = f"{NOT_HELD}; strength, unless the rules give it a margin"
DROPS_STANDARD = f"{DROPS}; prompts with a system or tool message; responses of several messages"


def matches(row: dict[str, Any]) -> bool:
    if not {"prompt", "chosen", "rejected"} <= row.keys():
        return False
    kinds = {type(row[name]) for name in ("prompt", "chosen", "rejected")}
    return kinds <= {str} or kinds <= {list} or (type(row["chosen"]) is type(row["rejected"]) is list)


def read(row: dict[str, Any]) -> ComparisonRecord:
    prompt = fields.prompt(fields.required(row, "prompt"))
    return fields.chosen_over_rejected(
        prompt, answer(row, "chosen", prompt), answer(row, "rejected", prompt), metadata=margin_of(row)
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    prompt = [dict(turn) for turn in row.record.prompt]
    for pair in decided_pairs(row, rules, report):
        report.rows += 1
        better, worse = row.record.responses[pair.better], row.record.responses[pair.worse]
        yield {
            "prompt": prompt,
            "chosen": [dict(turn) for turn in turns_of(better)],
            "rejected": [dict(turn) for turn in turns_of(worse)],
            **margin_column(pair, rules),
        }


def write_standard(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    pairs = list(decided_pairs(row, rules, report))
    prompt = standard_prompt(row.record.prompt)
    if prompt is None:
        report.drop("pair whose prompt is not a conversation of user and assistant", len(pairs))
        return
    for pair in pairs:
        better, worse = row.record.responses[pair.better], row.record.responses[pair.worse]
        if better.kind != "text" or worse.kind != "text":
            report.drop("pair whose response has several messages")
            continue
        report.rows += 1
        yield {
            "prompt": prompt,
            "chosen": standard_answer(prompt, better.content),
            "rejected": standard_answer(prompt, worse.content),
            **margin_column(pair, rules),
        }


def standard_prompt(turns: tuple[Message, ...]) -> str | None:
    """A prompt as one text: a single user message as it is, a conversation as a transcript, else None."""
    if len(turns) == 1 and turns[0]["role"] == "user":
        return turns[0]["content"]
    if any(turn["role"] not in ("user", "assistant") for turn in turns):
        return None
    return f"{transcript(turns)}\n\nAssistant:"


def standard_answer(prompt: str, content: str) -> str:
    """An answer that can be glued to its prompt: a space comes before it where neither side brings one."""
    is_apart = prompt[-1:].isspace() or content[:1].isspace()
    return content if is_apart else f" {content}"


def turns_of(response: ResponseRecord) -> list[Message]:
    """A response as the messages it consists of."""
    if response.kind == "messages":
        turns: list[Message] = json.loads(response.content)
        return turns
    return [Message(role="assistant", content=response.content)]


def margin_column(pair: Pair, rules: PairRules) -> dict[str, float]:
    return {} if rules.margin == "none" else {"margin": pair.margin}


def answer(row: dict[str, Any], name: str, prompt: tuple[Message, ...]) -> ResponseRecord:
    """A field that holds an answer as text or messages, these with or without the prompt. Raises: InvalidRow."""
    value = fields.required(row, name)
    if isinstance(value, str):
        return ResponseRecord(fields.text(value, name))
    turns = fields.messages(value, name)
    if turns[: len(prompt)] == prompt and len(turns) > len(prompt):
        turns = turns[len(prompt) :]  # some repeat the prompt inside their answers
    return fields.response_of_messages(turns)


def margin_of(row: dict[str, Any]) -> dict[str, Any]:
    """The margin a row came with, kept beside the comparison. Raises: InvalidRow."""
    margin = row.get("margin")
    if margin is None:
        return {}
    if isinstance(margin, bool) or not isinstance(margin, int | float):
        raise InvalidRow("“margin” is not a number.")
    return {"margin": margin}
