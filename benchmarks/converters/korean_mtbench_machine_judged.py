"""A Korean MT-bench: each judge's verdict with the two conversations it compares.

The first answers differ, so the prompt is the first question, and what is compared is all that follows it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.converters.files import Row, rows_in


def tables(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    questions = {row["question_id"]: row["turns"] for row in rows_in(folder / "questions.jsonl")}
    answers = {
        (row["model_id"], row["question_id"]): row["choices"][0]["turns"]
        for path in sorted((folder / "answers").iterdir())
        for row in rows_in(path)
    }

    def answer(model: str, question: int) -> list[dict[str, Any]]:
        first, second = answers[model, question]
        return [
            {"role": "assistant", "content": first},
            {"role": "user", "content": questions[question][1]},
            {"role": "assistant", "content": second},
        ]

    for path in sorted((folder / "judgments_pairwise").iterdir()):
        yield (
            path.name.partition(".")[0],
            [
                {
                    **row,
                    "prompt": questions[row["question_id"]][0],
                    "answer_a": answer(row["model_a"], row["question_id"]),
                    "answer_b": answer(row["model_b"], row["question_id"]),
                    "language": "ko",
                }
                for row in rows_in(path)
            ],
        )
