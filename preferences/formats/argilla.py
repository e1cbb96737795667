"""Argilla's records, of 1.x and 2.x, as `to_list`, `to_datasets`, `format_as("datasets")` and the API write them.

Three shapes: {"fields": {…}, "responses": …} nested by question (2.x) or by user (1.x); columns `QUESTION.responses`,
`.users`, `.status` (2.x, flat); columns QUESTION with {"user_id", "value", "status"} (1.x, flat). Read are ranking
questions, label questions that name an answer or say tie, and rating questions named after an answer; what else was
answered becomes the reason. Responses that were not submitted do not count; suggestions are a machine's, and never do.
Source: argilla 1.29, `FeedbackDataset.format_as`; argilla 2.8, `records/_io`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from preferences.errors import InvalidRow
from preferences.formats import fields, verdicts
from preferences.formats.tasks import Said, Task
from preferences.records import ComparisonRecord

DROPS = "everything: it is read only"
_COLUMN = ".responses"


@dataclass(frozen=True)
class Answer:
    """One person's answer to one question."""

    user: str
    question: str
    value: Any


def matches(row: dict[str, Any]) -> bool:
    if isinstance(row.get("fields"), dict):
        return isinstance(row.get("responses"), dict | list) or "suggestions" in row
    return any(name.endswith((_COLUMN, ".suggestion", "-suggestion")) for name in row) or (
        "external_id" in row and any(_is_column(value) for value in row.values())
    )


def read(row: dict[str, Any]) -> ComparisonRecord:
    given = row.get("fields")
    task = Task.of(given if isinstance(given, dict) else row)
    said: dict[str, Said] = {}
    for answer in _answers(row):
        _take(answer, task, said.setdefault(answer.user, Said()))
    if silent := [user for user, answers in said.items() if not answers.is_verdict]:
        raise InvalidRow(
            f"The answers of user {silent[0]} say nothing of which response is better. A field mapping can say what "
            "they mean."
        )
    return fields.record(
        prompt=task.prompt,
        responses=task.responses,
        judgments=[
            verdicts.judgment({**answers.as_judgment(), "annotator": user}, len(task.answers), f"responses of {user}")
            for user, answers in said.items()
        ],
        metadata={**_metadata(row), **task.metadata},
    )


def _answers(row: dict[str, Any]) -> Iterator[Answer]:
    """What was submitted, whatever the shape."""
    if isinstance(row.get("fields"), dict):
        yield from _nested(row.get("responses") or [])
        return
    for name, value in row.items():
        if name.endswith(_COLUMN) and value is not None:
            question = name.removesuffix(_COLUMN)
            yield from _zipped(question, row.get(f"{name}.users"), value, row.get(f"{name}.status"))
        elif _is_column(value) and isinstance(value, dict):
            yield from _zipped(name, value["user_id"], value["value"], value.get("status"))
        elif _is_column(value):
            for item in value:
                yield from _one(item.get("user_id"), item.get("status"), name, item["value"])


def _nested(responses: Any) -> Iterator[Answer]:
    if isinstance(responses, dict):  # 2.x: by question
        for question, given in responses.items():
            for item in _objects(given, f"responses, {question}"):
                yield from _one(item.get("user_id"), item.get("status"), question, item.get("value"))
        return
    for item in _objects(responses, "responses"):  # 1.x: by user
        values = item.get("values") or {}
        if not isinstance(values, dict):
            raise InvalidRow("“responses, values” is not an object.")
        for question, given in values.items():
            value = given.get("value") if isinstance(given, dict) else given
            yield from _one(item.get("user_id"), item.get("status"), question, value)


def _zipped(question: str, users: Any, values: Any, statuses: Any) -> Iterator[Answer]:
    if not isinstance(values, list):
        raise InvalidRow(f"“{question}{_COLUMN}” is not a list.")
    users, statuses = (
        given if isinstance(given, list) and len(given) == len(values) else [None] * len(values)
        for given in (users, statuses)
    )
    for user, status, value in zip(users, statuses, values, strict=True):
        yield from _one(user, status, question, value)


def _one(user: Any, status: Any, question: str, value: Any) -> Iterator[Answer]:
    if value is not None and status in (None, "submitted"):
        yield Answer(fields.IMPORTED if user is None else fields.text(user, "user_id"), question, value)


def _take(answer: Answer, task: Task, said: Said) -> None:
    """Take one answer into what a person said."""
    value, name, k = answer.value, answer.question, len(task.answers)
    ranks = _ranks(value)
    if ranks is not None:
        places = task.places((option for option, _rank in ranks), name)
        by_rank: dict[Any, list[int]] = {}
        for index, (_option, rank) in zip(places, ranks, strict=True):
            by_rank.setdefault(rank, []).append(index)
        said.rank([by_rank[rank] for rank in sorted(by_rank)], name)
    elif isinstance(value, list) and value and all(task.index(option) is not None for option in value):
        said.rank([[index] for index in task.places(value, name)], name)
    elif isinstance(value, str) and (label := task.verdict(value)) is not None:
        said.prefer(label, k, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        rated = _rated(name, task)
        if rated is None:
            said.remarks.append((name, str(value)))
        else:
            said.rate(*rated, value)
    else:
        said.remarks.append((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))


def _ranks(value: Any) -> list[tuple[Any, int]] | None:
    """A ranking as (option, rank) pairs, however it is written; None if it is none. Rank 1 is best; ties share one."""
    if isinstance(value, dict) and isinstance(value.get("rank"), list) and isinstance(value.get("value"), list):
        pairs = list(zip(value["value"], value["rank"], strict=False))
    elif fields.is_messages(value) and all({"rank", "value"} <= item.keys() for item in value):
        pairs = [(item["value"], item["rank"]) for item in value]
    else:
        return None
    if any(isinstance(rank, bool) or not isinstance(rank, int) for _option, rank in pairs):
        raise InvalidRow("A rank is not a whole number.", reason="bad-judgment")
    return pairs


def _rated(question: str, task: Task) -> tuple[int, str] | None:
    """The answer that a rating question is about, and the attribute it asks for: `rating_response_2`, `rating-2`."""
    words = [word for word in re.split(r"[^0-9A-Za-z]+", question) if word]
    spans = [(start, start + length) for length in (2, 1) for start in range(len(words) - length + 1)]
    for start, end in spans:
        name = "".join(words[start:end])
        index = task.index(name)
        if index is not None and (len(name) > 2 or end == len(words)):  # a bare number counts at the end only
            return index, "_".join(words[:start] + words[end:]) or "rating"
    return None


def _metadata(row: dict[str, Any]) -> dict[str, Any]:
    """What the record keeps beside its fields; 1.x writes it as a text of JSON."""
    metadata = row.get("metadata")
    if isinstance(metadata, str):
        try:
            metadata = json.loads(metadata)
        except ValueError:
            return {}
    return fields.kept(metadata, *metadata) if isinstance(metadata, dict) else {}


def _is_column(value: Any) -> bool:
    if isinstance(value, dict):
        return {"user_id", "value"} <= value.keys() and isinstance(value["user_id"], list)
    return fields.is_messages(value) and all({"user_id", "value"} <= item.keys() for item in value)


def _objects(value: Any, name: str) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise InvalidRow(f"“{name}” is not a list of objects.")
    return value
