"""SQuARe: a question with its answers, and what each worker said of those they saw.

The file of questions alone says what people thought of the questions; it holds no answers and nothing to compare.
"""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from benchmarks.converters.files import Row, rows_in

ASKED = "Q2: Acceptable or Non-acceptable"
MEANING = {"acceptable": 1, "non-acceptable": 0, "dont_know": None}


def tables(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    by_question: dict[str, list[Row]] = defaultdict(list)
    for row in rows_in(folder / "response_test_ood_annotations.json.gz"):
        by_question[row["question"]].append(row)
    yield "questions with answers", [_question(question, rows) for question, rows in by_question.items()]


def _question(question: str, rows: list[Row]) -> Row:
    said: dict[int, list[float | None]] = defaultdict(lambda: [None] * len(rows))
    for place, row in enumerate(rows):
        for annotation in row["raw_annotations"][ASKED]:
            said[annotation["workerID"]][place] = MEANING[annotation["acceptable?"]]
    return {
        "question": question,
        "responses": [row["response"] for row in rows],
        "category": rows[0]["question_category"],
        "language": "ko",
        "votes": [{"worker": str(worker), "acceptable": values} for worker, values in said.items()],
    }
