"""Reading files of public data whole, packed in any way."""

import csv
import gzip
import io
import json
import lzma
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_OPENERS = {".gz": gzip.open, ".xz": lzma.open}


def unpacked(path: Path) -> bytes:
    """A file's bytes, unpacked if its name ends in .gz or .xz."""
    with _OPENERS.get(path.suffix, open)(path, "rb") as file:
        return file.read()


def rows_in(path: Path) -> list[Row]:
    """The rows of a JSON array, of JSONL or of CSV."""
    text = unpacked(path).decode()
    if ".csv" in path.suffixes:
        return list(csv.DictReader(io.StringIO(text)))
    if text.lstrip().startswith("["):
        return json.loads(text)
    return [json.loads(line) for line in text.splitlines() if line.strip()]
