"""What a snapshot says about itself: what went in, what stayed out, by which rules."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.splits import SPLITS, Split

FORMAT_VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """The description of one snapshot, stored in its Parquet file and beside it.

    Attributes:
        content_sha256: the snapshot's identity (`id` in JSON): sha256 over a header line (format version, split,
            rules) and the canonical JSON line of each row in order. When things happened is no part of it.
        file_sha256: sha256 of the Parquet file; known beside the file only, empty inside it.
        counts: comparisons, demonstrations, prompts, responses, judgments, annotators, ties, all_bad, surplus,
            imported, simulated, gold, and `splits`: the same first four per split.
        filters: what the snapshot was asked to leave out. drops: how many were left out, by reason.
        rules: how pairs are derived (PairRules). split: {"seed", "validation", "test"}.
    """

    content_sha256: str
    counts: dict[str, Any]
    filters: dict[str, Any]
    drops: dict[str, int]
    rules: dict[str, str]
    split: dict[str, float]
    guideline_versions: list[int]
    created_with: dict[str, str]
    format_version: int = FORMAT_VERSION
    file_sha256: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.content_sha256

    @property
    def pair_rules(self) -> PairRules:
        return PairRules.from_dict(self.rules)

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, **asdict(self)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Manifest":
        """Raises: TypeError if something is missing; ValueError for pair rules that do not exist."""
        manifest = cls(**{name: value for name, value in values.items() if name in cls.__dataclass_fields__})
        PairRules.from_dict(manifest.rules)
        return manifest


class Tally:
    """Counts rows as they pass in the order of the snapshot (rows of one prompt follow each other)."""

    def __init__(self) -> None:
        self.total: Counter[str] = Counter()
        self.splits: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        self.annotators: set[str] = set()
        self.guideline_versions: set[int] = set()
        self._last_prompt = ""

    def add(self, record: ComparisonRecord, *, prompt_hash: str, split: Split) -> None:
        is_new_prompt = prompt_hash != self._last_prompt
        self._last_prompt = prompt_hash
        for counter in (self.total, self.splits[split]):
            counter[f"{record.kind}s"] += 1
            counter["prompts"] += is_new_prompt
            counter["responses"] += len(record.responses)
            counter["judgments"] += len(record.judgments)
        self.total["gold"] += record.gold is not None
        for judgment in record.judgments:
            self.total["ties"] += judgment.has_tie
            self.total["all_bad"] += judgment.all_bad
            self.total["surplus"] += judgment.is_surplus
            self.total["imported"] += judgment.source == "imported"
            self.total["simulated"] += judgment.source == "simulated"
            self.annotators.add(judgment.annotator)
            if judgment.guideline_version is not None:
                self.guideline_versions.add(judgment.guideline_version)

    def as_counts(self) -> dict[str, Any]:
        rows = ("comparisons", "demonstrations", "prompts", "responses", "judgments")
        verdicts = ("ties", "all_bad", "surplus", "imported", "simulated", "gold")
        return {
            **{name: self.total[name] for name in (*rows, *verdicts)},
            "annotators": len(self.annotators),
            "splits": {split: {name: counter[name] for name in rows} for split, counter in self.splits.items()},
        }
