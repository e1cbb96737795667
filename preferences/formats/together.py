"""Rows that bring one response each, joined by their prompt: what each annotator said of which response.

A response that comes again is what another annotator said of it: the first time it stands there belongs to the first,
the second time to the second, and so on.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from preferences.errors import InvalidRow
from preferences.formats import fields
from preferences.formats.format import Grouping, Row
from preferences.records import ResponseRecord

SaidT = TypeVar("SaidT")
ROWS = "rows"  # the field that holds the rows a joined row is made of


def grouping_by(name: str) -> Grouping:
    """Rows that follow each other with the same value in this field make one."""
    return Grouping(key=lambda row: fields.key_of(row.get(name)), join=lambda rows: {name: rows[0][name], ROWS: rows})


def rows_of(row: Row) -> list[Row]:
    """The rows that were joined, or the row itself where it stands alone."""
    joined = row.get(ROWS)
    return joined if isinstance(joined, list) and all(isinstance(item, dict) for item in joined) else [row]


@dataclass(frozen=True)
class Heard(Generic[SaidT]):
    """Responses, each once, and by annotator what was said of them: response index → what."""

    responses: tuple[ResponseRecord, ...]
    said: tuple[Mapping[int, SaidT], ...]


def gather(
    rows: Iterable[Row], response: Callable[[Row], ResponseRecord], said: Callable[[Row], SaidT]
) -> Heard[SaidT]:
    """Read what each row says of its response, and sort it by response and annotator.

    Raises: InvalidRow where there is one response only: alone it compares with nothing.
    """
    responses: list[ResponseRecord] = []
    by_annotator: list[dict[int, SaidT]] = []
    seen: dict[str, int] = {}
    times: dict[int, int] = {}
    for row in rows:
        answer = response(row)
        index = seen.setdefault(answer.content, len(responses))
        if index == len(responses):
            responses.append(answer)
        time = times[index] = times.get(index, -1) + 1
        if time == len(by_annotator):
            by_annotator.append({})
        by_annotator[time][index] = said(row)
    if len(responses) < 2:
        raise InvalidRow(
            "Only one response to this prompt stands here, and alone it compares with nothing: rows of one prompt "
            "must follow each other.",
            reason="too-few-responses",
        )
    return Heard(tuple(responses), tuple(by_annotator))
