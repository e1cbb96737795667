"""Containers: the kinds of file that rows come and go in, whatever the rows mean.

Read: JSONL, a JSON array, CSV and TSV, Parquet. Written: JSONL, CSV, Parquet. Each as it is, or packed with gzip or
Zstandard.
"""

from preferences.containers.limits import Limits, Row
from preferences.containers.reading import count_rows, open_rows

__all__ = ["Limits", "Row", "count_rows", "open_rows"]
