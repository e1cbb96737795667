"""QA-Feedback: one row for each of the six pair choices of a question.

People chose between two at a time, and some of the choices fit no ranking of all four, so pairs are what was given.
"""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

from benchmarks.converters.files import Row, rows_in

PAIRS = tuple(combinations((1, 2, 3, 4), 2))


def tables(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    yield (
        "pair choices",
        [
            {
                "question": row["question"],
                "passages": ["\n".join(passage) for passage in row["passages"]],
                "first": row[f"prediction {first}"],
                "second": row[f"prediction {second}"],
                "choice": choice,
            }
            for row in rows_in(folder / "dev_feedback.json.xz")
            for (first, second), choice in zip(PAIRS, row["preference"], strict=True)
        ],
    )
