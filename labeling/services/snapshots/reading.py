"""One reading of a project: what is asked, how far it goes, what is counted on the way."""

from collections import Counter
from dataclasses import dataclass, field

from django.db.models import Max

from labeling.models import Judgment, Project
from labeling.services.snapshots.benchmark import BenchmarkCheck, check_for
from labeling.services.snapshots.gold_passed import GoldPassed, gold_passed
from labeling.services.snapshots.request import SnapshotRequest
from preferences.records import ComparisonRecord


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading of a project for a request, and what is counted on the way.

    Verdicts stored after it began are left to the next, so that a correction that arrives meanwhile cannot take its
    predecessor out without coming in itself.

    Attributes:
        newest: the last judgment to be taken, by its key.
        drops: how many were left out, by reason.
        benchmark: looks for benchmark prompts; None if the request names no benchmark.
    """

    project: Project
    request: SnapshotRequest
    newest: int
    gold: GoldPassed
    benchmark: BenchmarkCheck | None
    drops: Counter[str] = field(default_factory=Counter)

    @classmethod
    def begin(cls, project: Project, request: SnapshotRequest) -> "Reading":
        """Look at what has to be known before the first row. Raises: InvalidSnapshot without the benchmark's file."""
        newest = Judgment.objects.filter(project=project).aggregate(newest=Max("pk"))["newest"] or 0
        gold = gold_passed(project, request, newest=newest)
        return cls(project, request, newest, gold, check_for(request.benchmark))

    def leaves_out(self, record: ComparisonRecord) -> bool:
        """Whether a record goes because its prompt is of the benchmark; an overlap is noted in any case."""
        if self.benchmark is None:
            return False
        return self.benchmark.overlaps(record) and self.request.benchmark_overlap == "drop"
