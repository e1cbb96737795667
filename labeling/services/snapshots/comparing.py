"""Two snapshots side by side: what only one of them holds, what was judged otherwise, and which rules differ."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from labeling.models import Person, Snapshot
from labeling.records import verdict_key
from labeling.services.snapshots.freezing import snapshot_path
from runs.models import Run
from runs.services.queueing import queue_run

if TYPE_CHECKING:
    from preferences.records import JudgmentRecord
    from preferences.rows import SnapshotRow

RUN_KIND = "compare_snapshots"
AT_ONCE_COMPARISONS = 1_000  # of both together; well under a second
PROGRESS_EVERY = 1_000
LISTED = 50  # comparisons that are named; the others are counted
PLACES = ("only_first", "only_second", "both")


@dataclass
class Difference:
    """How two snapshots differ.

    Attributes:
        comparisons, judgments: how many only the first holds, only the second, and both. Judgments are those of one
            person on one comparison; one that says something else in the second is in both, and `changed`.
        changed: judgments that say something else. moved: comparisons that are in another split.
        listed: the first comparisons that differ, by prompt: {"comparison", "prompt", "what", "annotators"}.
        filters, rules, split: name → (value in the first, value in the second), where these differ.
    """

    comparisons: Counter[str] = field(default_factory=Counter)
    judgments: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    moved: int = 0
    listed: list[dict[str, Any]] = field(default_factory=list)
    filters: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    rules: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    split: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        return {
            "comparisons": {place: self.comparisons[place] for place in PLACES},
            "judgments": {place: self.judgments[place] for place in PLACES},
            "changed": self.changed,
            "moved": self.moved,
            "filters": self.filters,
            "rules": self.rules,
            "split": self.split,
            "listed": self.listed,
        }


def compare_snapshots(
    first: Snapshot, second: Snapshot, *, progress: Callable[[int], None] = lambda comparisons: None
) -> Difference:
    """Read both files once, side by side, in the order they have in common; a bounded part is in memory.

    Raises: SnapshotFileMissing.
    """
    one, other = first.manifest, second.manifest
    difference = Difference(
        filters=_unequal(one["filters"], other["filters"]),
        rules=_unequal(one["rules"], other["rules"]),
        split=_unequal(one["split"], other["split"]),
    )
    rows = merge(_keyed(first, 0), _keyed(second, 1), key=itemgetter(0, 1))
    for done, ((_prompt, name), group) in enumerate(groupby(rows, key=itemgetter(0)), start=1):
        sides: tuple[list[SnapshotRow], list[SnapshotRow]] = ([], [])
        for _key, side, row in group:
            sides[side].append(row)
        _note(difference, name, *sides)
        if done % PROGRESS_EVERY == 0:
            progress(done)
    return difference


def comparison_of(first: Snapshot, second: Snapshot) -> dict[str, Any] | None:
    """How two snapshots differ, as JSON: found at once if they are small, else as a run found it; None before one did.

    Raises: SnapshotFileMissing.
    """
    if sum(one.manifest["counts"]["comparisons"] for one in (first, second)) <= AT_ONCE_COMPARISONS:
        return compare_snapshots(first, second).to_dict()
    run = comparison_runs(first, second).filter(state=Run.State.SUCCEEDED).first()
    return run.result if run else None


def comparison_runs(first: Snapshot, second: Snapshot) -> QuerySet[Run]:
    """The runs that compare two snapshots, newest first."""
    config = {"config__first": str(first.pk), "config__second": str(second.pk)}
    return Run.objects.filter(kind=RUN_KIND, scope=first.project.slug, **config).order_by("-created_at")


def queue_comparison(first: Snapshot, second: Snapshot, *, created_by: Person | None = None) -> Run:
    """Record that a comparison is wanted. The caller then sends `execute_run.delay_on_commit(str(run.pk))`."""
    return queue_run(
        kind=RUN_KIND,
        config={"first": str(first.pk), "second": str(second.pk)},
        title=_("Compare %(first)s with %(second)s")
        % {"first": first.content_sha256[:12], "second": second.content_sha256[:12]},
        created_by=created_by,
        scope=first.project.slug,
    )


def _keyed(snapshot: Snapshot, side: int) -> "Iterator[tuple[tuple[str, str], int, SnapshotRow]]":
    from preferences.snapshot import read_snapshot  # Arrow is not loaded before it is needed

    for row in read_snapshot(snapshot_path(snapshot), kind="comparison"):
        yield (row.prompt_hash, row.comparison_hash), side, row


def _note(difference: Difference, name: str, first: "list[SnapshotRow]", second: "list[SnapshotRow]") -> None:
    """Take one comparison in, with the rows that each snapshot has of it."""
    place = "both" if first and second else "only_first" if first else "only_second"
    difference.comparisons[place] += 1
    one, other = _said(first), _said(second)
    found = Counter({"only_first": len(one.keys() - other), "only_second": len(other.keys() - one)})
    found["both"] = len(one.keys() & other)
    difference.judgments += found
    changed = sorted(person for person in one.keys() & other if one[person] != other[person])
    difference.changed += len(changed)
    has_moved = place == "both" and first[0].split != second[0].split
    difference.moved += has_moved
    reasons = [
        *([place] if place != "both" else []),
        *(["changed"] if changed else []),
        *(["moved"] if has_moved else []),
        *(["judgments"] if place == "both" and (found["only_first"] or found["only_second"]) else []),
    ]
    if reasons and len(difference.listed) < LISTED:
        asked = (first or second)[0].record.prompt[-1]["content"]
        difference.listed.append({"comparison": name, "prompt": asked[:200], "what": reasons, "annotators": changed})


def _said(rows: "list[SnapshotRow]") -> dict[str, tuple[bytes, ...]]:
    """What each person said of a comparison; rows of a snapshot have their responses in the same order."""
    judgments: dict[str, list[JudgmentRecord]] = {}
    for row in rows:
        for judgment in row.record.judgments:
            judgments.setdefault(judgment.annotator, []).append(judgment)
    return {person: tuple(sorted(verdict_key(one) for one in theirs)) for person, theirs in judgments.items()}


def _unequal(first: dict[str, Any], second: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Where two manifests say different things; a filter that one of them does not know counts as unset."""
    names = [*first, *(name for name in second if name not in first)]
    pairs = {name: (first.get(name), second.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and (pair[0] or pair[1])}
