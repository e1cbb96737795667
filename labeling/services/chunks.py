"""What an import stores at once: readings with their pictures taken in, as many as fit in memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from labeling.errors import UnreadableUpload
from labeling.models import Project
from labeling.services.pictures import take_pictures
from preferences.containers import Row
from preferences.errors import InvalidRow
from preferences.formats import Reading

MOST_CHARACTERS = 4_000_000


def with_pictures(
    readings: Iterator[Reading], project: Project, folder: Path | None, *, keeps: bool = True
) -> Iterator[Reading]:
    """The same with the pictures that rows bring taken in, or refused."""
    for reading in readings:
        if not any(response.kind == "picture" for record in reading.records for response in record.responses):
            yield reading
            continue
        try:
            taken = tuple(
                take_pictures(record, project=project, folder=folder, keeps=keeps) for record in reading.records
            )
            yield replace(reading, found=taken)
        except InvalidRow as refusal:
            yield replace(reading, found=refusal)


def chunks_of(readings: Iterator[Reading], *, most_rows: int) -> Iterator[list[Reading]]:
    """Rows in bunches that are worth a transaction and fit in memory, long rows included.

    What was read before the file broke off is handed out before the reason for it is raised.
    """
    chunk: list[Reading] = []
    size = characters = 0
    try:
        for reading in readings:
            chunk.append(reading)
            size += max(len(reading.rows), len(reading.records))
            characters += sum(_characters_of_pictures(row) for _number, row in reading.rows)
            for record in reading.records:
                characters += sum(len(response.content) for response in record.responses)
                characters += sum(len(turn["content"]) for turn in record.prompt)
            if size >= most_rows or characters >= MOST_CHARACTERS:
                yield chunk
                chunk, size, characters = [], 0, 0
    except UnreadableUpload:
        if chunk:
            yield chunk
        raise
    if chunk:
        yield chunk


def _characters_of_pictures(row: Row | InvalidRow) -> int:
    """How much of a row is pictures; it stays in memory until it is known whether the row is rejected."""
    responses = row.get("responses") if isinstance(row, dict) else None
    if not isinstance(responses, list):
        return 0
    return sum(len(str(item["picture"])) for item in responses if isinstance(item, dict) and "picture" in item)
