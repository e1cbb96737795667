"""Making files to import, and importing them."""

import gzip
import json
from pathlib import Path

from labeling.models import ImportBatch, Project
from labeling.services.imports import import_file
from labeling.services.storing import Counts


def pair(number: int, **fields):
    """One row of chosen and rejected."""
    return {"prompt": f"Question {number}?", "chosen": f"Good {number}.", "rejected": f"Bad {number}.", **fields}


def write_rows(path: Path, rows) -> Path:
    """Write rows as JSONL, gzipped if the name says so; a row that is text is written as it is."""
    lines = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    content = lines.encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def make_batch(project: Project, format: str = "auto") -> ImportBatch:
    return ImportBatch.objects.create(project=project, file_name="rows.jsonl", format=format)


def import_rows(project: Project, folder: Path, rows, *, format: str = "auto", **options) -> Counts:
    """Write rows to a file and import it."""
    path = write_rows(folder / "rows.jsonl", rows)
    return import_file(batch=make_batch(project, format), path=path, **options)


def four(counts: Counts) -> tuple[int, int, int, int]:
    return counts.rows, counts.accepted, counts.rejected, counts.unchanged
