"""LLMFAO: each judgment of the crowd with the pair it is about, and the tasks that workers trained on."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.converters.files import Row, rows_in


def tables(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    pairs = {str(pair["id"]): pair for pair in rows_in(folder / "pairs-crowd.jsonl.gz")}
    judged = rows_in(folder / "crowd-comparisons.csv.gz")
    yield "crowd-comparisons", [{**pairs[judgment["id"]], **judgment} for judgment in judged]
    yield "pairs-crowd-training", rows_in(folder / "pairs-crowd-training.jsonl.gz")
