"""`python -m benchmarks.agreement FOLDER`: the measures of agreement on public judgments, beside what was published.

Reads what a folder holds of these, each known by its fields:

- pairs judged by the same three people (`annotator1` to `annotator3`: 0 tie, 1, 2), JSON: Cohen's kappa of every two;
- pairs of arguments judged by about five people of many (`judgments`: `worker`, `value`), JSONL: Krippendorff's alpha;
- a table of codings (a line an annotator, a column a unit, empty for missing), CSV: alpha by all four distances.

`python -m benchmarks agreement` leaves the same figures in benchmarks/results/agreement.json.
"""

import argparse
import csv
import gzip
import json
import sys
import time
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from benchmarks import public_folder
from benchmarks.report import Row, installed
from labeling.stats.agreement import observed_agreement
from labeling.stats.alpha import krippendorff_alpha
from labeling.stats.distances import Metric
from labeling.stats.estimates import Estimate
from labeling.stats.judged import Winner
from labeling.stats.kappa import cohen_kappa, fleiss_kappa
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels

QUICK_ROWS = 300
WINNERS: tuple[Winner, ...] = ("tie", "left", "right")
METRICS: tuple[Metric, ...] = ("nominal", "ordinal", "interval", "ratio")
Line = tuple[str, Estimate | Undefined]


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agreement", description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(words).folder
    found = False
    for path, labels in label_files(folder):
        found = True
        print(path.relative_to(folder))
        start = time.perf_counter()
        for name, result in measures(labels):
            print(f"  {name:34} {told(result)}")
        print(f"  in {time.perf_counter() - start:.2f} s")
    if not found:
        print(f"{folder} holds no judgments in a form that this command reads.", file=sys.stderr)
    return 0 if found else 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """Each measure that is defined, with its interval, and the seconds that all of a file took."""
    rows: list[Row] = []
    folder = public_folder.folder_of(arguments)
    for path, labels in label_files(folder) if folder else ():
        if arguments.quick and len(labels.by_unit) > QUICK_ROWS:
            continue
        subject, start = str(path.relative_to(folder or path)), time.perf_counter()
        results = list(measures(labels))
        seconds = time.perf_counter() - start
        rows += [
            Row(name, subject, None, found.value, "agreement", low=found.low, high=found.high)
            for name, found in results
            if isinstance(found, Estimate)
        ]
        rows.append(Row("all of them", subject, None, seconds, "s"))
    return rows, public_folder.versions_with(folder, installed("numpy", "scipy"))


def label_files(folder: Path) -> Iterator[tuple[Path, UnitLabels]]:
    """The files of a folder that hold labels, in the order of their names."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        if (labels := labels_in(path)) is not None:
            yield path, labels


def labels_in(path: Path) -> UnitLabels | None:
    """The labels of a file, or None if it is of no kind that is read here."""
    if path.name.endswith(".csv"):
        return labels_of_codings(path)
    if path.name.endswith((".json.gz", ".jsonl.gz")):
        rows = rows_of(path)
        if rows and "annotator3" in rows[0]:
            return UnitLabels.of(
                (who, row["idx"], WINNERS[row[f"annotator{who}"]]) for row in rows for who in (1, 2, 3)
            )
        if rows and "worker" in (rows[0].get("judgments") or [{}])[0]:
            return UnitLabels.of(
                (said["worker"], row["id"], said["value"]) for row in rows for said in row["judgments"]
            )
    return None


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The objects of a compressed file, an array or one a line; none where it holds something else."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = json.load(file) if ".json." in path.name else [json.loads(line) for line in file]
    return rows if isinstance(rows, list) and all(isinstance(row, dict) for row in rows) else []


def labels_of_codings(path: Path) -> UnitLabels | None:
    """A table of numbers, a line an annotator; None if a cell is neither a number nor empty."""
    with path.open(newline="", encoding="utf-8") as file:
        cells = [
            (who, unit, cell) for who, line in enumerate(csv.reader(file)) for unit, cell in enumerate(line) if cell
        ]
    if not all(cell.isdigit() for _who, _unit, cell in cells):
        return None
    return UnitLabels.of((who, unit, int(cell)) for who, unit, cell in cells)


def measures(labels: UnitLabels) -> Iterator[Line]:
    """What can be said of these labels: by name, as far as it makes sense for them."""
    yield "observed agreement", observed_agreement(labels)
    are_numbers = all(isinstance(value, int) for said in labels.by_unit.values() for value in said.values())
    for metric in METRICS if are_numbers else METRICS[:1]:
        yield f"Krippendorff's alpha, {metric}", krippendorff_alpha(labels, metric=metric)
    yield "Fleiss' kappa", fleiss_kappa(labels)
    if len(labels.annotators) <= 4:
        for first, second in combinations(sorted(labels.annotators, key=str), 2):
            yield f"Cohen's kappa of {first} and {second}", cohen_kappa(labels, first, second)


def told(result: Estimate | Undefined) -> str:
    if isinstance(result, Undefined):
        return f"undefined, because {result.because}"
    return (
        f"{result.value:.4f} ({result.low:.3f} to {result.high:.3f}), "
        f"{result.units} units, {result.annotators} annotators"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
