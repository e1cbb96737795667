"""Outcomes between items. The golden tables beside them are expected results, and the codings are one coder a line."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.converters.files import Row, rows_in


def tables(folder: Path) -> Iterator[tuple[str, list[Row]]]:
    for name in ("evalica_food", "evalica_simple"):
        yield (
            name,
            [
                {"prompt": f"Which is better ({name})?", **row, "judge": f"{name} {place}"}
                for place, row in enumerate(rows_in(folder / f"{name}.csv"), start=1)
            ],
        )
