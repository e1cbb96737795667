"""Evaluate a reward model: `python -m rewardmodel.core.evaluate_reward RUN_DIR`.

config.json: {"model": directory, "data": file, "split"?: "test", "format"?: "auto", "device"?, "torch_threads"?}. The
data is a snapshot, or any file that `preferences.formats` reads; then every readable row is evaluated.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch

from preferences.containers import open_rows
from preferences.errors import InvalidRow
from preferences.formats import detect, format_named, read_rows
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.snapshot import read_manifest, read_snapshot
from rewardmodel.core.data import HasRecord
from rewardmodel.core.errors import InvalidConfig, InvalidData
from rewardmodel.core.evaluation import evaluate_rows
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer

ROWS_TO_DETECT = 20
SETTINGS = {"model", "data", "split", "format", "device", "torch_threads", "name", "seed"}


@dataclass(frozen=True)
class FileRow:
    """A row of an outside file, read as a comparison."""

    record: ComparisonRecord


def evaluate(directory: RunDirectory) -> dict[str, Any]:
    """Score every comparison of the data and report how well the model agrees with its verdicts."""
    config = directory.read_config()
    if unknown := sorted(set(config) - SETTINGS):
        raise InvalidConfig(f"There is no setting {unknown[0]!r}. The settings are: {', '.join(sorted(SETTINGS))}.")
    if missing := sorted({"model", "data"} - set(config)):
        raise InvalidConfig(f"{missing[0]} is missing from the config of an evaluation.")
    torch.set_num_threads(int(config.get("torch_threads", 1)))
    scorer = RewardScorer.load(config["model"], device=config.get("device", "auto"))
    rejected: Counter[str] = Counter()
    rows, rules = open_data(config, rejected)
    report = evaluate_rows(directory.interruptible(rows), scorer, rules=rules, seed=int(config.get("seed", 0)))
    if not report["pairs"]:
        raise InvalidData(
            f"{config['data']} holds no judgment that prefers one response: {report['rows']} rows read, "
            f"{rejected.total()} unreadable."
        )
    return {
        "model": config.get("name") or scorer.card.name or str(config["model"]),
        **report,
        "digest": scorer.digest,
        "rejected": dict(rejected),
    }


def open_data(config: Mapping[str, Any], rejected: Counter[str]) -> tuple[Iterator[HasRecord], PairRules]:
    """The rows of a snapshot's split (test unless told), or of a file in a known format, with the rules for pairs.

    Rows that cannot be read are counted in `rejected` by reason.

    Raises: InvalidConfig if the file does not exist; UnknownFormat and UnreadableFile as `preferences` has them.
    """
    path = Path(config["data"])
    if not path.is_file():
        raise InvalidConfig(f"data: there is no file {path}.")
    if path.suffix == ".parquet":
        split = config.get("split", "test")
        rules = PairRules.from_dict(read_manifest(path).rules)
        return iter(read_snapshot(path, split=None if split == "all" else split, kind="comparison")), rules
    return _file_rows(path, str(config.get("format", "auto")), rejected), PairRules()


def _file_rows(path: Path, name: str, rejected: Counter[str]) -> Iterator[FileRow]:
    lines = open_rows(path)
    start = list(islice(lines, ROWS_TO_DETECT))
    format_ = format_named(detect(row for _, row in start) if name == "auto" else name)
    for reading in read_rows(chain(start, lines), format_):
        if isinstance(reading.found, InvalidRow):
            rejected[reading.found.reason] += len(reading.rows)
        yield from (FileRow(record) for record in reading.records)


if __name__ == "__main__":
    sys.exit(run_child(evaluate))
