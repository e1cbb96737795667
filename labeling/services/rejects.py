"""The rows an import could not take, kept with their reasons so that a person can mend them and send them again."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from preferences.errors import InvalidRow


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that was left out: its line number from 1, a fixed word and a sentence saying why, and the row itself.

    `row` is the row's object, or the start of its text where it could not be parsed.
    """

    line: int
    reason: str
    message: str
    row: Any

    @classmethod
    def of(cls, line: int, refusal: InvalidRow, row: Any) -> "Reject":
        kept = row if isinstance(row, dict) else refusal.line.decode("utf-8", "replace")
        return cls(line, refusal.reason, str(refusal), kept)

    def as_json(self) -> dict[str, Any]:
        return {"line": self.line, "reason": self.reason, "message": self.message, "row": self.row}


class RejectFile:
    """A JSONL file of rejected rows that an interrupted import goes on with: `keep` lines stay, later ones go.

    Lines are on disk before `settle` returns, so that the counts committed after it never promise more than is there.
    """

    def __init__(self, path: Path, *, keep: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file: BinaryIO = path.open("r+b" if path.exists() else "w+b")
        for _ in range(keep):
            self._file.readline()
        self._file.truncate(self._file.tell())
        self._file.seek(0, os.SEEK_END)
        self._is_settled = False

    def add(self, rejects: list[Reject]) -> None:
        self._is_settled &= not rejects
        for reject in rejects:
            self._file.write(json.dumps(reject.as_json(), ensure_ascii=True).encode() + b"\n")

    def position(self) -> int:
        return self._file.tell()

    def go_back(self, position: int) -> None:
        """Forget what was added since."""
        if position != self._file.tell():
            self._is_settled = False
            self._file.truncate(position)
            self._file.seek(position)

    def settle(self) -> None:
        if not self._is_settled:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._is_settled = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_rejects(path: Path, *, limit: int) -> Iterator[dict[str, Any]]:
    """The first rejected rows of an import, without the rows themselves."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line, _ in zip(file, range(limit), strict=False):
            reject = json.loads(line)
            yield {name: reject[name] for name in ("line", "reason", "message")}


def count_reasons(path: Path) -> dict[str, int]:
    """How many rows of an import were rejected for each reason."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        return dict(sorted(Counter(json.loads(line)["reason"] for line in file).items()))
