"""What a policy learns from and answers: chats, demonstrations, pairs and prompts out of snapshots and files."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from preferences.best import best_response
from preferences.containers import open_rows
from preferences.errors import InvalidRow
from preferences.formats import FORMATS, detect, read_rows
from preferences.formats.fields import prompt as prompt_field
from preferences.hashing import prompt_hash
from preferences.pairs import PairRules, derive_pairs
from preferences.records import ComparisonRecord, Message
from preferences.snapshot import is_snapshot, read_snapshot
from preferences.splits import split_of
from rewardmodel.core.errors import InvalidData

DETECTION_ROWS = 20
Chat = tuple[Message, ...]


@dataclass(frozen=True)
class Demonstration:
    """A prompt and the answer to imitate."""

    prompt: Chat
    response: str


@dataclass(frozen=True)
class PreferredPair:
    """A prompt with a better and a worse answer."""

    prompt: Chat
    better: str
    worse: str


def read_records(
    file: Path | str, *, splits: Iterable[str] | None = None, left_out: list[str] | None = None
) -> Iterator[ComparisonRecord]:
    """The comparisons and demonstrations of a snapshot, or of a file (JSONL, CSV, Parquet) in any format read here.

    Args:
        splits: only rows of these splits; a file is split by prompt hash with seed 0, as a snapshot is.
        left_out: where to note the rows that cannot be read, each with its line number; without it they raise.

    Raises: InvalidData for a row that cannot be read, with its line number.
    """
    wanted = None if splits is None else set(splits)
    if is_snapshot(file):
        yield from (row.record for row in read_snapshot(Path(file)) if wanted is None or row.split in wanted)
        return
    format_ = FORMATS[detect(row for _, row in islice(open_rows(file), DETECTION_ROWS))]
    for reading in read_rows(open_rows(file), format_):
        if isinstance(reading.found, InvalidRow):
            if left_out is None:
                raise InvalidData(f"{file}, line {reading.rows[0][0]}: {reading.found}")
            left_out += [f"line {number}: {reading.found}" for number, _row in reading.rows]
        for record in reading.records:
            if wanted is None or split_of(record.prompt_hash, seed=0) in wanted:
                yield record


def chats(records: Iterable[ComparisonRecord]) -> Iterator[Chat]:
    """Every prompt with each of its answers, as one conversation: good answers and bad ones alike."""
    for record in records:
        for response in record.responses:
            if response.kind == "text":
                yield (*record.prompt, Message(role="assistant", content=response.content))


def written_demonstrations(records: Iterable[ComparisonRecord]) -> Iterator[Demonstration]:
    """The answers that people wrote as examples."""
    for record in records:
        if record.kind == "demonstration" and record.responses[0].kind == "text":
            yield Demonstration(record.prompt, record.responses[0].content)


def best_responses(records: Iterable[ComparisonRecord]) -> Iterator[Demonstration]:
    """The best answer of each comparison by its judgments; none of those found all bad, or judged by nobody."""
    for record in records:
        best = best_response(record)
        if best is not None and record.responses[best].kind == "text":
            yield Demonstration(record.prompt, record.responses[best].content)


def preferred_pairs(records: Iterable[ComparisonRecord], rules: PairRules) -> Iterator[PreferredPair]:
    """Pairs of answers as the rules derive them; a tie is no pair here."""
    for record in records:
        for pair in derive_pairs(record, rules):
            better, worse = record.responses[pair.better], record.responses[pair.worse]
            if pair.target > 0.5 and better.kind == worse.kind == "text":
                yield PreferredPair(record.prompt, better.content, worse.content)


def unique_prompts(records: Iterable[ComparisonRecord]) -> list[Chat]:
    """Each prompt once, in the order of its hash, so that the order of a file does not matter."""
    prompts = {record.prompt_hash: record.prompt for record in records}
    return [prompts[key] for key in sorted(prompts)]


def read_prompts(file: Path | str) -> list[Chat]:
    """The prompts of a JSONL file whose rows have "prompt" (text or messages), each once, in the file's order.

    Raises: InvalidData, with a line number, for a row without one.
    """
    prompts: dict[str, Chat] = {}
    for number, row in open_rows(file):
        try:
            if isinstance(row, InvalidRow):
                raise row
            prompt = tuple(prompt_field(row.get("prompt")))
        except InvalidRow as error:
            raise InvalidData(f"{file}, line {number}: {error}") from None
        prompts.setdefault(prompt_hash(prompt), prompt)
    return list(prompts.values())


def write_rows(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write JSONL whole or not at all."""
    partial = file.with_name(f".{file.name}.partial")
    with partial.open("w", encoding="utf-8") as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")
    partial.replace(file)
