"""What is known of a project's judgments before anything is measured of them; no texts."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from labeling.stats.audits.rows import AuditRow
from labeling.stats.judged import JudgedComparison
from labeling.stats.pair_table import ShownPair


@dataclass(frozen=True, slots=True)
class Outcome:
    """How far one judgment was as expected, 0 to 1: by a gold answer, or by the same person's first judgment."""

    annotator: str
    prompt: int
    judged_at: datetime
    right: float


@dataclass(frozen=True, slots=True)
class Said:
    """One judgment: which share of its pairs of responses it ties, and whether it calls all bad."""

    annotator: str
    prompt: int
    comparison: int
    judged_at: datetime
    dwell_ms: int | None
    tied: float
    is_all_bad: bool


@dataclass
class QualityData:
    """What is known of a project's judgments, without its texts.

    Attributes:
        comparisons: how many comparisons there are to judge.
        judged: those with a verdict, responses in the order of their hashes; one judgment of each annotator.
        said, rows: one for each of those judgments, in the same order.
        pairs: judgments of two responses as they were shown; responses by policy if every one has a policy.
        gold, repeats: judgments with a known answer; second judgments beside the first.
    """

    comparisons: int = 0
    judged: list[JudgedComparison] = field(default_factory=list)
    said: list[Said] = field(default_factory=list)
    rows: list[AuditRow] = field(default_factory=list)
    pairs: list[ShownPair] = field(default_factory=list)
    gold: list[Outcome] = field(default_factory=list)
    repeats: list[Outcome] = field(default_factory=list)

    @property
    def coverage(self) -> dict[int, int]:
        """How many comparisons were judged by so many people, none of them included."""
        people = Counter(len(one.judgments) for one in self.judged)
        return dict(sorted({0: max(0, self.comparisons - len(self.judged)), **people}.items()))
