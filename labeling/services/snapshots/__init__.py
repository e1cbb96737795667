"""Snapshots: what is asked for, which verdicts stand, the rows they make, and the file that keeps them."""

from labeling.services.snapshots.benchmark import keep_benchmark
from labeling.services.snapshots.freezing import (
    RUN_KIND,
    Frozen,
    freeze_snapshot,
    is_large,
    queue_snapshot,
    snapshot_path,
)
from labeling.services.snapshots.request import REVIEW_RULES, SnapshotRequest, pair_rules

__all__ = [
    "REVIEW_RULES",
    "RUN_KIND",
    "Frozen",
    "SnapshotRequest",
    "freeze_snapshot",
    "is_large",
    "keep_benchmark",
    "pair_rules",
    "queue_snapshot",
    "snapshot_path",
]
