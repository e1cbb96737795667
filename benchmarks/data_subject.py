"""`python -m benchmarks.data_subject import FILE | freeze | export FORMAT`: one step of the data benchmark, measured.

Works on the environment's database and says in one JSON line what it took. Memory is the peak resident size of this
process, and for an import also of the one that reads the file, looked at after each transaction.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
import psutil

django.setup()

from benchmarks.plumbline import SLUG  # noqa: E402
from labeling.models import ImportBatch, Project, Snapshot  # noqa: E402
from labeling.services.exports import prepare_export  # noqa: E402
from labeling.services.imports import import_file  # noqa: E402
from labeling.services.snapshots import SnapshotRequest, freeze_snapshot  # noqa: E402


def main(step: str, *words: str) -> None:
    began = time.monotonic()
    answer = STEPS[step](*words)
    spent = time.monotonic() - began
    own = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": spent, **answer, "peak_bytes": own + answer.get("reader_bytes", 0)}))


def import_rows(file: str) -> dict[str, Any]:
    project = Project.objects.get(slug=SLUG)
    batch = ImportBatch.objects.create(project=project, file_name=Path(file).name, format="auto")
    this, largest = psutil.Process(), 0

    def look(_rows: int) -> None:
        nonlocal largest
        largest = max([largest, *(reader.memory_info().rss for reader in this.children())])

    counts = import_file(batch=batch, path=Path(file), progress=look)
    return {**counts.as_json(), "reader_bytes": largest}


def freeze() -> dict[str, Any]:
    frozen = freeze_snapshot(project=Project.objects.get(slug=SLUG), request=SnapshotRequest())
    return {"snapshot": str(frozen.snapshot.pk), **frozen.snapshot.manifest["counts"]}


def export(format: str) -> dict[str, Any]:
    """Write an export to nowhere: what is measured is the writing, not the disk."""
    asked = prepare_export(snapshot=Snapshot.objects.latest("created_at"), format=format)
    written = sum(len(chunk) for chunk in asked.chunks())
    return {"rows": asked.report.rows, "bytes": written}


STEPS: dict[str, Callable[..., dict[str, Any]]] = {"import": import_rows, "freeze": freeze, "export": export}

if __name__ == "__main__":
    main(*sys.argv[1:])
