"""What one file may ask for, and what a row is, whatever it comes in."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from preferences.errors import UnreadableFile

Row = dict[str, Any]
PICTURE = b"data:image/"
KEPT_BYTES = 2000  # of a row that cannot be parsed, to show what it was


@dataclass(frozen=True)
class Limits:
    """How much one file may ask for.

    row_bytes: the longest row read; longer ones are rejected one by one.
    picture_row_bytes: the same for a row that brings pictures as data URLs.
    file_bytes: the longest file read, after decompression.
    ratio: how many times its size a compressed file may unpack to, once it passes `ratio_from_bytes`.
    """

    row_bytes: int = 1024 * 1024
    picture_row_bytes: int = 32 * 1024 * 1024
    file_bytes: int = 64 * 1024**3
    ratio: int = 200
    ratio_from_bytes: int = 64 * 1024 * 1024

    def allowed(self, start: bytes | bytearray) -> int:
        """How long a row may be that starts so."""
        return self.picture_row_bytes if PICTURE in start else self.row_bytes


def characters_of(row: Row) -> int:
    """About how long a row is."""
    return sum(len(str(value)) for value in row.values())


def check_names_differ(columns: Iterable[str]) -> None:
    """Raises: UnreadableFile, naming a column that a table has more than once."""
    name, count = next(iter(Counter(columns).most_common(1)), ("", 0))
    if count > 1:
        raise UnreadableFile(f"The table has the column “{name}” more than once.")
