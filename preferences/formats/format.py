"""What a format is: how rows become records, and a snapshot's rows become rows again."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.rows import SnapshotRow

Row = dict[str, Any]


@dataclass(frozen=True)
class Grouping:
    """How rows that follow each other in a file make one: a table that says over several rows what belongs together.

    key: what such rows have in common, or None for a row that stands alone. join: those rows as the one row that
    `read` takes, or InvalidRow. A key that comes back later in the file begins anew.
    """

    key: Callable[[Row], str | None]
    join: Callable[[list[Row]], Row]


@dataclass(frozen=True)
class Format:
    """One way to write preference data as rows.

    matches: whether a row looks like this format. read: a row as the records it holds (`one` for a format whose rows
    hold one each), or InvalidRow with a sentence.
    write: a snapshot's row as any number of rows, counting in the report what it could not hold; None if it is only
    read. drops: in words, what the format has no place for.
    optional_fields: those that some of its rows have and others do not; a table needs a column for each.
    typed_fields: those that hold a number or a boolean, which CSV can keep as a text only.
    """

    name: str
    matches: Callable[[Row], bool]
    read: Callable[[Row], Iterable[ComparisonRecord]]
    write: Callable[[SnapshotRow, PairRules, ExportReport], Iterator[Row]] | None
    drops: str
    extensions: tuple[str, ...] = (".jsonl",)
    is_detected: bool = True
    grouping: Grouping | None = None
    optional_fields: tuple[str, ...] = ()
    typed_fields: tuple[str, ...] = ()

    @property
    def can_write(self) -> bool:
        return self.write is not None


def one(read: Callable[[Row], ComparisonRecord]) -> Callable[[Row], Iterable[ComparisonRecord]]:
    """The reader of a format whose rows hold one record each."""
    return lambda row: (read(row),)
