"""CSV and TSV: a row of names, then rows of cells."""

import csv
import io
import re
from collections.abc import Iterator, Sequence

from preferences.containers.cells import read_cell, read_text, write_cell
from preferences.containers.columns import check_columns
from preferences.containers.jsonl import parse_row
from preferences.containers.limits import KEPT_BYTES, PICTURE, Limits, Row, check_names_differ
from preferences.containers.lines import too_large
from preferences.containers.unpacking import READ_BYTES
from preferences.errors import InvalidRow, InvalidText, UnreadableFile
from preferences.text import check_texts_within

DELIMITERS = ",\t;"
_NAME = re.compile(r"[^\W\d]\w{0,63}")
_UNCLOSED = " A quotation mark that is not closed may be the reason."


def is_table(start: bytes) -> bool:
    """Whether a file that begins so has a row of names, with something other than a row of JSON below it."""
    first, _, rest = start.partition(b"\n")
    below = rest.lstrip().partition(b"\n")[0]
    try:
        names = _cut(first)
    except csv.Error:
        return False
    if len(names) <= 1:
        return bool(names and _NAME.fullmatch(names[0]) and below and below[:1] not in b"[{")
    if len(set(names)) < len(names) or max(map(len, names)) > 100:
        return False
    return not below.startswith(b"{") or isinstance(parse_row(below), InvalidRow)


def read_rows(stream: io.BufferedReader, limits: Limits) -> Iterator[tuple[int, Row | InvalidRow]]:
    """Read records, numbered by the line on which they begin. Blank lines are passed over, empty cells left out.

    Raises: UnreadableFile if the first row does not name the columns.
    """
    csv.field_size_limit(max(csv.field_size_limit(), limits.picture_row_bytes))
    lines = _Lines(stream, limits)
    records = _records(lines, _delimiter(stream.peek(READ_BYTES).partition(b"\n")[0]))
    names = _names(records)
    for number, cells in records:
        if isinstance(cells, InvalidRow):
            yield number, cells
            continue
        try:
            yield number, _row(names, cells, lines.record)
        except InvalidRow as refusal:
            refusal.line = bytes(lines.record[:KEPT_BYTES])
            yield number, refusal


class _Lines:
    """A file's lines for the csv module, which asks for as many as a record takes; `record` holds those it took."""

    def __init__(self, stream: io.BufferedReader, limits: Limits) -> None:
        self._stream, self._limits = stream, limits
        self._ended = 0
        self.begin()

    def begin(self) -> None:
        """A new record starts with the next line."""
        self.first = self._ended + 1
        self.record = bytearray()
        self._allowed = self._limits.row_bytes

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        """Raises: InvalidRow for a record that grows too large, which is then read past."""
        line = self._take()
        if PICTURE in line and self._allowed < self._limits.picture_row_bytes:
            self._allowed = self._limits.picture_row_bytes
            line = line if line.endswith(b"\n") else line + self._take()
        if not line:
            raise StopIteration
        if len(self.record) > self._allowed + 2:
            raise too_large(self.pass_over(), self._allowed, self.record, _UNCLOSED)
        return line.decode("utf-8", "replace")

    def pass_over(self) -> int:
        """Go on to where the record's quotation marks are paired and its line ends. Returns: its length in bytes."""
        size, quotes, end = len(self.record), self.record.count(b'"'), bytes(self.record[-1:])
        while quotes % 2 or end != b"\n":
            piece = self._stream.readline(READ_BYTES)
            if not piece:
                break
            size, quotes, end = size + len(piece), quotes + piece.count(b'"'), piece[-1:]
            self._ended += end == b"\n"
        return size

    def _take(self) -> bytes:
        line = self._stream.readline(self._allowed - len(self.record) + 3)
        self.record += line
        self._ended += line.endswith(b"\n")
        return line


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | InvalidRow]]:
    """Each record's cells, or why it has none, with the line on which it begins."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader, None)
        except InvalidRow as refusal:
            yield lines.first, refusal
        except csv.Error as error:
            lines.pass_over()
            yield lines.first, InvalidRow(f"The row is not CSV: {error}.", reason="not-csv", line=_start(lines))
        else:
            if cells is None:
                return
            if cells:
                yield lines.first, cells


def _start(lines: _Lines) -> bytes:
    return bytes(lines.record[:KEPT_BYTES])


def _names(records: Iterator[tuple[int, list[str] | InvalidRow]]) -> list[str | None]:
    """The columns' names, None for a column without one. Raises: UnreadableFile."""
    _number, cells = next(records, (0, []))
    if isinstance(cells, InvalidRow):
        raise UnreadableFile(f"The first row of a table names its columns, and cannot be read. {cells}")
    names = [read_text(cell) if cell else None for cell in cells]
    check_names_differ(name for name in names if name is not None)
    return names


def _row(names: Sequence[str | None], cells: Sequence[str], record: bytearray) -> Row:
    try:
        record.decode()
    except UnicodeDecodeError as error:
        sentence = f"The row is not UTF-8: byte {error.start + 1} of the row is wrong."
        raise InvalidRow(sentence, reason="not-utf8") from None
    if len(cells) != len(names):
        raise InvalidRow(
            f"The row has {len(cells)} cells, and the first row names {len(names)} columns.", reason="wrong-width"
        )
    row = {name: read_cell(cell) for name, cell in zip(names, cells, strict=True) if cell and name is not None}
    if b"\0" in record or b"\\u" in record:
        try:
            check_texts_within(row)
        except InvalidText as error:
            raise InvalidRow(str(error), reason="bad-text") from None
    return row


def _delimiter(header: bytes) -> str:
    """The delimiter that cuts a header into the most cells; a comma if none does."""
    return max(DELIMITERS, key=lambda delimiter: header.count(delimiter.encode()))


def _cut(header: bytes) -> list[str]:
    text = header.decode("utf-8", "replace").rstrip("\r")
    return next(csv.reader([text], delimiter=_delimiter(header)), [])


class CsvWriter:
    """Rows as CSV that spreadsheets open as it is: UTF-8 with a byte order mark, commas, lines that end in CR LF."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = dict.fromkeys(columns)
        self._text = io.StringIO(newline="")
        self._writer = csv.writer(self._text)
        self._text.write("\ufeff")
        self._writer.writerow(map(write_cell, columns))

    def write(self, row: Row) -> bytes:
        check_columns(row, self._columns)
        self._writer.writerow([write_cell(row.get(name)) for name in self._columns])
        return self.finish()

    def finish(self) -> bytes:
        written = self._text.getvalue().encode()
        self._text.seek(0)
        self._text.truncate()
        return written
