"""What an export wrote, and what it could not hold."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ExportReport:
    """Counts that grow while rows are written: `rows` written, and `dropped` by reason."""

    rows: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def drop(self, reason: str, count: int = 1) -> None:
        if count:
            self.dropped[reason] += count

    def to_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "dropped": dict(sorted(self.dropped.items()))}
