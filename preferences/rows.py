"""A snapshot's row, and the part of it that is hashed."""

from dataclasses import dataclass
from typing import Any

from preferences.records import ComparisonRecord
from preferences.splits import Split


@dataclass(frozen=True)
class SnapshotRow:
    """One comparison or demonstration as a snapshot keeps it."""

    record: ComparisonRecord
    split: Split
    comparison_hash: str
    prompt_hash: str


def content_of(row: SnapshotRow) -> dict[str, Any]:
    """What is hashed: everything that was shown and judged, without times. The record must be canonical."""
    record = row.record
    return {
        "kind": record.kind,
        "comparison": row.comparison_hash,
        "prompt_hash": row.prompt_hash,
        "split": row.split,
        "prompt": list(record.prompt),
        "responses": [
            {
                "hash": response.hash,
                "content": response.content,
                "kind": response.kind,
                "policy": response.policy or None,
                "sampling": response.sampling or None,
            }
            for response in record.responses
        ],
        "judgments": [judgment.as_json() for judgment in record.judgments],
        "gold": record.gold,
        "metadata": record.metadata,
    }
