"""Whose judgments a snapshot holds, read from its one column that says so."""

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

_COLUMN = "judgments.list.element.annotator"


def judgments_by_annotator(path: Path | str) -> dict[str, int]:
    """How many judgments of each annotator a snapshot's file holds, by pseudonym."""
    counts: Counter[str] = Counter()
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            judgments = file.read_row_group(group, columns=[_COLUMN]).column(0).combine_chunks()
            for found in judgments.flatten().field("annotator").value_counts().to_pylist():
                counts[found["values"]] += found["counts"]
    return dict(sorted(counts.items()))
