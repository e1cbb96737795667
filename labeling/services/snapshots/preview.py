"""What a snapshot would hold, counted before anything is frozen, and within the time that somebody waits for a page."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Max, Min

from labeling.models import Comparison, Judgment, Project
from labeling.services.snapshots.reading import Reading
from labeling.services.snapshots.request import SnapshotRequest
from labeling.services.snapshots.rows import comparison_records, comparisons_after, records_of
from preferences.pairs import derive_pairs
from preferences.records import ComparisonRecord
from preferences.splits import SPLITS, split_of

READ_WHOLE_COMPARISONS = 2_000  # about a second of work, with as many judgments
READ_JUDGMENTS = 4_000  # and so are these; where comparisons have more each, fewer comparisons are read
WINDOWS = 5  # of a larger project so many stretches of comparisons are read, evenly spread by age
COUNTS = ("comparisons", "demonstrations", "prompts", "judgments", "pairs", "ties")


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be frozen.

    Attributes:
        counts: comparisons, demonstrations, prompts, judgments, pairs (by the request's rules), ties (judgments that
            have one).
        splits: split → the same.
        drops: how many would be left out, by reason.
        benchmark: what was found of the benchmark, if one is asked for.
        read, comparisons: how many comparisons were looked at, and how many there are. Where these differ, every count
            is an estimate from the part that was read; demonstrations and near-duplicates are then not looked at.
    """

    counts: dict[str, int]
    splits: dict[str, dict[str, int]]
    drops: dict[str, int]
    benchmark: dict[str, Any] | None
    read: int
    comparisons: int

    @property
    def is_estimate(self) -> bool:
        return self.read < self.comparisons

    def to_dict(self) -> dict[str, Any]:
        return {
            "is_estimate": self.is_estimate,
            "read": self.read,
            "of": self.comparisons,
            "counts": self.counts,
            "splits": self.splits,
            "drops": self.drops,
            "benchmark": self.benchmark,
        }


def preview_snapshot(*, project: Project, request: SnapshotRequest) -> Preview:
    """Count what the request would freeze: up to 2,000 comparisons in whole, of more than that five stretches.

    Of comparisons with more than two judgments each fewer are read, so that 4,000 judgments are not exceeded by much.
    Nothing is written. Signs against judgments count as far as somebody has looked through these.

    Raises: InvalidSnapshot for a benchmark whose file is not here.
    """
    reading = Reading.begin(project, request)
    comparisons = Comparison.objects.filter(project=project).count()
    judgments = Judgment.objects.filter(project=project).count()
    is_whole = comparisons <= READ_WHOLE_COMPARISONS and judgments <= READ_JUDGMENTS
    most = max(1, READ_JUDGMENTS * comparisons // max(judgments, 1) // WINDOWS)
    read: list[int] = []
    records = records_of(reading, read.append) if is_whole else _stretches(reading, read, most)
    tally = _Tally(request)
    tally.add_all(records)
    seen = comparisons if is_whole else sum(read)
    factor = comparisons / seen if seen else 1.0
    counts, splits = tally.counts(group=is_whole and request.group_near_duplicates)
    return Preview(
        counts=_scaled(counts, factor),
        splits={split: _scaled(splits[split], factor) for split in SPLITS},
        drops={reason: round(n * factor) for reason, n in sorted(reading.drops.items()) if n},
        benchmark=reading.benchmark.told() if reading.benchmark else None,
        read=seen,
        comparisons=comparisons,
    )


def _stretches(reading: Reading, read: list[int], most: int) -> Iterator[ComparisonRecord]:
    """What the request keeps of some stretches of `most` comparisons; how many each had is appended to `read`."""
    ends = Comparison.objects.filter(project=reading.project).aggregate(first=Min("pk"), last=Max("pk"))
    done = 0
    for window in range(WINDOWS):
        start = ends["first"] - 1 + (ends["last"] - ends["first"] + 1) * window // WINDOWS
        comparisons = comparisons_after(reading.project, max(start, done), most=most)
        if not comparisons:
            return
        done = comparisons[-1].pk
        read.append(len(comparisons))
        yield from comparison_records(reading, comparisons)


def _scaled(counts: Counter[str], factor: float) -> dict[str, int]:
    return {name: round(counts[name] * factor) for name in COUNTS}


@dataclass
class _Tally:
    """Counts records by their prompt, which alone decides the split."""

    request: SnapshotRequest
    by_prompt: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    texts: dict[str, str] = field(default_factory=dict)

    def add_all(self, records: Iterable[ComparisonRecord]) -> None:
        from preferences.shingles import prompt_text  # NumPy is not loaded before it is needed

        for record in records:
            counter = self.by_prompt[record.prompt_hash]
            counter["prompts"] = 1
            counter[f"{record.kind}s"] += 1
            counter["judgments"] += len(record.judgments)
            counter["ties"] += sum(judgment.has_tie for judgment in record.judgments)
            counter["pairs"] += len(derive_pairs(record, self.request.rules))
            if self.request.group_near_duplicates:
                self.texts[record.prompt_hash] = prompt_text(record.prompt)

    def counts(self, *, group: bool) -> tuple[Counter[str], dict[str, Counter[str]]]:
        """The sum of all, and by split."""
        from preferences.near_duplicates import near_duplicate_groups

        groups = near_duplicate_groups(self.texts.items()) if group else {}
        splits: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
        asked = self.request
        for prompt, counter in self.by_prompt.items():
            named = groups.get(prompt, prompt)
            splits[split_of(named, seed=asked.seed, validation=asked.validation, test=asked.test)] += counter
        return sum(splits.values(), Counter()), splits
