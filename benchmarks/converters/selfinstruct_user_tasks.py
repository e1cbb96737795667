"""Self-Instruct's tasks: each with the outputs of all models, without empty ones and repetitions.

Nobody judged them, so an output that two models gave is shown once, as that of the first by name.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.converters.files import Row, rows_in


def tables(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    tasks = rows_in(folder / "user_oriented_instructions.jsonl.gz")
    predictions = {
        path.name.removesuffix("_predictions.jsonl.gz"): rows_in(path)
        for path in sorted((folder / "predictions").iterdir())
    }
    yield (
        "tasks",
        [
            {
                "instruction": task["instruction"],
                "input": task["instances"][0]["input"],
                "motivation_app": task["motivation_app"],
                "outputs": _different({model: rows[place]["response"] for model, rows in predictions.items()}),
            }
            for place, task in enumerate(tasks)
        ],
    )


def _different(outputs: dict[str, str]) -> list[Row]:
    first: dict[str, Row] = {}
    for model, response in outputs.items():
        if response.strip():
            first.setdefault("".join(response.split()), {"model": model, "response": response})
    return list(first.values())
