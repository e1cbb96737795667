"""Alpaca's format, as LLaMA-Factory reads it.

{"instruction", "input"?, "output", "system"?, "history"?: [[text, text], …]}. `input` follows the instruction on a new
line. With `output` a text, a row is a demonstration. With `chosen` and `rejected`, or with `output` a list of a better
and a worse answer (LLaMA-Factory's older ranking format), it is a pair. Source: LLaMA-Factory, data/README.md; Taori et
al. 2023, Stanford Alpaca.

`alpaca` is written from demonstrations and, of each comparison, the answer that `best_response` finds;
`alpaca-ranking` from decided pairs.
"""

from collections.abc import Iterator
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.formats.openai_chat import best_text
from preferences.formats.pairwise import NOT_HELD, decided_pairs
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, Message, ResponseRecord
from preferences.rows import SnapshotRow

_CHATS = "prompts that are not a conversation of user and assistant"
DROPS = f"pictures, answers of several messages, all answers but the best, judgments, policies, metadata; {_CHATS}"
DROPS_RANKING = f"{NOT_HELD}; strength; answers of several messages; {_CHATS}"
OPTIONAL_FIELDS = ("system", "history")


def matches(row: dict[str, Any]) -> bool:
    """Rows with a `kto_tag` are left alone: their output may be a bad example."""
    return (
        isinstance(row.get("instruction"), str)
        and "prompt" not in row
        and "kto_tag" not in row
        and (isinstance(row.get("output"), str | list) or {"chosen", "rejected"} <= row.keys())
    )


def read(row: dict[str, Any]) -> ComparisonRecord:
    if row.get("kto_tag") is not None:
        raise InvalidRow("“kto_tag” says whether one answer is good; Alpaca rows with it cannot be read.")
    prompt = _prompt(row)
    output = row.get("output")
    if row.get("chosen") is not None or row.get("rejected") is not None:
        chosen, rejected = fields.required(row, "chosen"), fields.required(row, "rejected")
        return fields.chosen_over_rejected(prompt, _answer(chosen, "chosen"), _answer(rejected, "rejected"))
    if isinstance(output, list):
        if len(output) != 2:
            raise InvalidRow(f"“output” has {len(output)} answers; a pair has a better one and a worse one.")
        return fields.chosen_over_rejected(prompt, _answer(output[0], "output, 1"), _answer(output[1], "output, 2"))
    answer = _answer(fields.required(row, "output"), "output")
    return fields.record(prompt=prompt, responses=[answer], kind="demonstration")


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    columns = _columns(row.record.prompt)
    if columns is None:
        report.drop("answer whose prompt is not a conversation of user and assistant")
        return
    answer = best_text(row, report)
    if answer is not None:
        report.rows += 1
        yield {**columns, "output": answer}


def write_ranking(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    columns = _columns(row.record.prompt)
    for pair in decided_pairs(row, rules, report):
        better, worse = row.record.responses[pair.better], row.record.responses[pair.worse]
        if columns is None:
            report.drop("pair whose prompt is not a conversation of user and assistant")
        elif better.kind != "text" or worse.kind != "text":
            report.drop("pair whose response has several messages")
        else:
            report.rows += 1
            yield {**columns, "chosen": better.content, "rejected": worse.content}


def _prompt(row: dict[str, Any]) -> tuple[Message, ...]:
    instruction = fields.text(fields.required(row, "instruction"), "instruction")
    extra = fields.text(row.get("input") or "", "input", may_be_empty=True)
    turns = []
    if system := fields.text(row.get("system") or "", "system", may_be_empty=True):
        turns.append(Message(role="system", content=system))
    history = row.get("history") or []
    if not isinstance(history, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in history):
        raise InvalidRow("“history” is not a list of pairs of an instruction and an answer.")
    for place, pair in enumerate(history, start=1):
        asked, answered = (fields.text(text, f"history, {place}", may_be_empty=True) for text in pair)
        turns += [Message(role="user", content=asked), Message(role="assistant", content=answered)]
    asked = f"{instruction}\n{extra}" if extra.strip() else instruction
    return (*turns, Message(role="user", content=asked))


def _columns(prompt: tuple[Message, ...]) -> dict[str, Any] | None:
    """A prompt as Alpaca's columns; None if it is not turns of user and assistant that the user ends."""
    system = prompt[0]["content"] if prompt[0]["role"] == "system" else ""
    turns = prompt[1:] if prompt[0]["role"] == "system" else prompt
    expected = ["user", "assistant"] * (len(turns) // 2) + ["user"]
    has_words = bool(turns) and turns[-1]["content"].strip() and (system or turns is prompt)
    if [turn["role"] for turn in turns] != expected or not has_words:
        return None
    contents = [turn["content"] for turn in turns]
    columns: dict[str, Any] = {"instruction": contents[-1], "input": ""}
    if system:
        columns["system"] = system
    if len(contents) > 1:
        columns["history"] = [list(pair) for pair in zip(contents[:-1:2], contents[1::2], strict=True)]
    return columns


def _answer(value: Any, name: str) -> ResponseRecord:
    return ResponseRecord(fields.text(value, name))
