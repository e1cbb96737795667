"""Which judgments went into which snapshot, and what would be affected if somebody's had not."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from labeling.errors import SnapshotFileMissing
from labeling.models import Project, Snapshot
from labeling.services.snapshots.freezing import snapshot_path

SHOWN = 50  # snapshots, newest first
REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Source:
    """One snapshot and whose judgments are in it.

    Attributes:
        annotators: pseudonym → judgments; empty when the file is gone.
        is_known: whether the file is there to be asked.
        theirs: how many are by the annotator that is thought away.
    """

    snapshot: Snapshot
    annotators: dict[str, int]
    is_known: bool
    theirs: int = 0


@dataclass(frozen=True, slots=True)
class Lineage:
    """The snapshots of a project, newest first.

    Attributes:
        annotators: everybody whose judgments are in one of them, by pseudonym, with how many snapshots.
        without: the annotator that is thought away; "" for nobody.
    """

    sources: Sequence[Source]
    annotators: dict[str, int]
    without: str

    @property
    def affected(self) -> list[Source]:
        """The snapshots that would be others without this annotator."""
        return [source for source in self.sources if source.theirs]


def lineage_of(project: Project, *, without: str = "") -> Lineage:
    """The newest snapshots of a project with their annotators, and which of them hold judgments of one of these."""
    sources = [_source(snapshot, without) for snapshot in Snapshot.objects.filter(project=project)[:SHOWN]]
    annotators = Counter(pseudonym for source in sources for pseudonym in source.annotators)
    return Lineage(sources, dict(sorted(annotators.items())), without)


def _source(snapshot: Snapshot, without: str) -> Source:
    try:
        path = snapshot_path(snapshot)
    except SnapshotFileMissing:
        return Source(snapshot, {}, is_known=False)
    annotators = dict(_annotators(path, snapshot.content_sha256))
    return Source(snapshot, annotators, is_known=True, theirs=annotators.get(without, 0))


@lru_cache(maxsize=REMEMBERED)
def _annotators(path: Path, content_sha256: str) -> tuple[tuple[str, int], ...]:
    """Whose judgments the file holds; a snapshot never changes, so neither does this."""
    from preferences.annotators import judgments_by_annotator  # Arrow is not loaded before it is needed

    return tuple(judgments_by_annotator(path).items())
