"""Anthropic's HH-RLHF: {"chosen": transcript, "rejected": transcript}.

A transcript is turns that each start with a blank line and “Human:” or “Assistant:”, beginning with “Human:” and ending
with the assistant's answer. Both transcripts are the same up to that last answer (Bai et al. 2022, arXiv:2204.05862);
where they are not, the row compares two different conversations, and is refused.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.formats.pairwise import NOT_HELD, decided_pairs
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord, Message, ResponseRecord
from preferences.rows import SnapshotRow

NAME = "hh-rlhf"
EXTENSIONS = (".jsonl", ".jsonl.gz")
DROPS = f"{NOT_HELD}; prompts with a system or tool message; texts that contain a turn marker"

_MARKER = re.compile(r"\n\n(Human|Assistant):")
_ROLE = {"Human": "user", "Assistant": "assistant"}
_SPEAKER = {role: speaker for speaker, role in _ROLE.items()}


def matches(row: dict[str, Any]) -> bool:
    return "prompt" not in row and all(
        isinstance(row.get(name), str) and row[name].startswith("\n\nHuman:") for name in ("chosen", "rejected")
    )


def read(row: dict[str, Any]) -> ComparisonRecord:
    chosen = turns_of_transcript(fields.text(fields.required(row, "chosen"), "chosen"), "chosen")
    rejected = turns_of_transcript(fields.text(fields.required(row, "rejected"), "rejected"), "rejected")
    if chosen[:-1] != rejected[:-1]:
        turn = next(
            (place for place, (a, b) in enumerate(zip(chosen[:-1], rejected[:-1], strict=False), 1) if a != b),
            min(len(chosen), len(rejected)),
        )
        raise InvalidRow(
            f"The transcripts differ before the last Assistant turn (at turn {turn} of {len(chosen)} and "
            f"{len(rejected)}), so the answers do not belong to one prompt.",
            reason="broken-transcript",
        )
    for name, turns in (("chosen", chosen), ("rejected", rejected)):
        if not turns[-1]["content"].strip():
            raise InvalidRow(f"The last Assistant turn of “{name}” is empty.", reason="empty")
    return fields.chosen_over_rejected(
        tuple(chosen[:-1]), ResponseRecord(chosen[-1]["content"]), ResponseRecord(rejected[-1]["content"])
    )


def write(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[dict[str, Any]]:
    record = row.record
    pairs = list(decided_pairs(row, rules, report))
    if not pairs:
        return
    if record.prompt[0]["role"] != "user" or any(turn["role"] not in _SPEAKER for turn in record.prompt):
        report.drop("pair whose prompt is not a conversation of user and assistant", len(pairs))
        return
    prompt = transcript(record.prompt)
    for pair in pairs:
        better, worse = record.responses[pair.better], record.responses[pair.worse]
        if better.kind != "text" or worse.kind != "text":
            report.drop("pair whose response has several messages")
        elif _contains_marker([*record.prompt, *_answers(better, worse)]):
            report.drop("pair whose text contains a turn marker")
        else:
            report.rows += 1
            yield {
                "chosen": prompt + transcript(_answers(better)),
                "rejected": prompt + transcript(_answers(worse)),
            }


def transcript(turns: Sequence[Message]) -> str:
    """Write turns as a transcript; the opposite of reading one."""
    return "".join(f"\n\n{_SPEAKER[turn['role']]}: {turn['content']}" for turn in turns)


def _answers(*responses: ResponseRecord) -> list[Message]:
    return [Message(role="assistant", content=response.content) for response in responses]


def _contains_marker(turns: Sequence[Message]) -> bool:
    # A marker may also form where one turn ends and the next begins, hence the search in the joined text.
    return len(_MARKER.findall(transcript(turns))) != len(turns)


def turns_of_transcript(text: str, name: str) -> list[Message]:
    """Split a transcript into its turns, the last of them the assistant's. Raises: InvalidRow, naming `name`."""
    if not text.startswith("\n\nHuman:"):
        raise InvalidRow(
            f"The transcript “{name}” does not start with a blank line and “Human:”.", reason="broken-transcript"
        )
    pieces = _MARKER.split(text)[1:]
    turns = [
        Message(role=_ROLE[speaker], content=content.removeprefix(" "))
        for speaker, content in zip(pieces[::2], pieces[1::2], strict=True)
    ]
    if turns[-1]["role"] != "assistant":
        raise InvalidRow(f"The transcript “{name}” does not end with an Assistant turn.", reason="broken-transcript")
    return turns
