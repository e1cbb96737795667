"""Reading rows in a format, each accounted for: rows that belong together are read as one and share one fate."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from math import isfinite

from preferences.errors import InvalidRow
from preferences.formats.format import Format, Row
from preferences.records import ComparisonRecord

MOST_ROWS_TOGETHER = 1000
MOST_RECORDS = 1000  # of one row: they are stored in one transaction
LARGEST_EXACT = 2**53  # above it, not every whole number is a float

Numbered = tuple[int, Row | InvalidRow]


@dataclass(frozen=True)
class Reading:
    """Rows of a file, nearly always one, with the records they hold or the reason why they are refused."""

    rows: tuple[Numbered, ...]
    found: tuple[ComparisonRecord, ...] | InvalidRow

    @property
    def records(self) -> tuple[ComparisonRecord, ...]:
        """What was read; nothing of rows that are refused."""
        return () if isinstance(self.found, InvalidRow) else self.found


def read_rows(rows: Iterable[Numbered], format: Format) -> Iterator[Reading]:
    """Read numbered rows as `open_rows` gives them. No row is lost: each is in exactly one reading, in order."""
    if format.grouping is None:
        return (Reading((numbered,), _records_of(numbered[1], format)) for numbered in rows)
    return _read_together(rows, format)


def _read_together(rows: Iterable[Numbered], format: Format) -> Iterator[Reading]:
    held: list[Numbered] = []
    held_key: str | None = None
    for numbered in rows:
        key = _key_of(numbered[1], format)
        if held and (key is None or key != held_key or len(held) == MOST_ROWS_TOGETHER):
            yield _joined(held, format)
            held = []
        held_key = key
        held.append(numbered)
    if held:
        yield _joined(held, format)


def _key_of(row: Row | InvalidRow, format: Format) -> str | None:
    return format.grouping.key(row) if format.grouping and isinstance(row, dict) else None


def _joined(rows: list[Numbered], format: Format) -> Reading:
    row = rows[0][1]
    if isinstance(row, InvalidRow) or format.grouping is None or format.grouping.key(row) is None:
        return Reading(tuple(rows), _records_of(row, format))
    try:
        row = format.grouping.join([_typed(row, format) for _number, row in rows if isinstance(row, dict)])
    except InvalidRow as refusal:
        return Reading(tuple(rows), refusal)
    return Reading(tuple(rows), _records_of(row, format))


def _records_of(row: Row | InvalidRow, format: Format) -> tuple[ComparisonRecord, ...] | InvalidRow:
    if isinstance(row, InvalidRow):
        return row
    try:
        records = tuple(islice(format.read(_typed(row, format)), MOST_RECORDS + 1))
    except InvalidRow as refusal:
        return refusal
    if len(records) > MOST_RECORDS:
        return InvalidRow(f"The row holds more than {MOST_RECORDS:,} comparisons.", reason="too-large")
    return records or InvalidRow("The row holds nothing to compare.", reason="too-few-responses")


def _typed(row: Row, format: Format) -> Row:
    """The row with numbers and booleans where a CSV file could only hold them as texts."""
    texts = {name: row[name] for name in format.typed_fields if isinstance(row.get(name), str)}
    return {**row, **{name: _value_of(text) for name, text in texts.items()}} if texts else row


def _value_of(text: str) -> str | float | bool:
    """The number or boolean that a text writes, as JSON and spreadsheets do, or the text."""
    word = text.strip().lower()
    if word in ("true", "false"):
        return word == "true"
    try:
        number = float(word)
    except ValueError:
        return text
    if not isfinite(number):
        return text
    return int(number) if number == int(number) and abs(number) <= LARGEST_EXACT else number
