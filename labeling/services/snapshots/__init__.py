"""Snapshots: what is asked for, which verdicts stand, the rows they make, and the file that keeps them."""

from labeling.services.snapshots.benchmark import keep_benchmark
from labeling.services.snapshots.comparing import compare_snapshots, comparison_of, comparison_runs, queue_comparison
from labeling.services.snapshots.freezing import (
    RUN_KIND,
    Frozen,
    freeze_snapshot,
    is_large,
    queue_snapshot,
    snapshot_path,
)
from labeling.services.snapshots.lineage import Lineage, lineage_of
from labeling.services.snapshots.preview import Preview, preview_snapshot
from labeling.services.snapshots.request import BENCHMARK_RULES, REVIEW_RULES, SnapshotRequest, pair_rules

__all__ = [
    "BENCHMARK_RULES",
    "REVIEW_RULES",
    "RUN_KIND",
    "Frozen",
    "Lineage",
    "Preview",
    "SnapshotRequest",
    "compare_snapshots",
    "comparison_of",
    "comparison_runs",
    "freeze_snapshot",
    "is_large",
    "keep_benchmark",
    "lineage_of",
    "pair_rules",
    "preview_snapshot",
    "queue_comparison",
    "queue_snapshot",
    "snapshot_path",
]
