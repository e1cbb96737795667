"""Evaluate a reward model: `python -m rewardmodel.core.evaluate_reward RUN_DIR`.

config.json: {"model": directory, "data": file, "split"?: "test", "format"?: "auto", "slice_by"?: name of metadata,
"learned_from"?: the snapshot the model was trained on, "device"?, "torch_threads"?}. The data is a snapshot, or any
file that `preferences.formats` or RewardBench reads; then every readable row is evaluated.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import torch

from preferences.containers import open_rows
from preferences.errors import InvalidRow
from preferences.formats import Format, detect, format_named, read_rows
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.snapshot import is_snapshot, read_manifest, read_snapshot
from rewardmodel.core.data.training_set import HasRecord
from rewardmodel.core.errors import InvalidConfig, InvalidData
from rewardmodel.core.evaluation import rewardbench
from rewardmodel.core.evaluation.evaluating import evaluate_rows
from rewardmodel.core.evaluation.floors import LearnedFrom
from rewardmodel.core.evaluation.outcomes_file import FILE
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer

ROWS_TO_DETECT = 20
SNAPSHOT = "snapshot"
SETTINGS = {"model", "data", "split", "format", "slice_by", "learned_from", "device", "torch_threads", "name", "seed"}


@dataclass(frozen=True)
class FileRow:
    """A row of an outside file, read as a comparison."""

    record: ComparisonRecord


@dataclass(frozen=True)
class Data:
    """What is evaluated: its rows, the rules by which judgments speak, the format ("snapshot" for one)."""

    rows: Iterator[HasRecord]
    rules: PairRules
    format: str


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
    data = open_data(config, rejected)
    report = evaluate_rows(
        directory.interruptible(data.rows),
        scorer,
        rules=data.rules,
        seed=int(config.get("seed", 0)),
        learned_from=train_split(config, data),
        category=str(config.get("slice_by") or ""),
        benchmark=rewardbench.Scores() if data.format == rewardbench.NAME else None,
        outcomes=directory.path / FILE,
    )
    if not report["pairs"]:
        raise InvalidData(
            f"{config['data']} holds no judgment that prefers one response: {report['rows']} rows read, "
            f"{rejected.total()} unreadable."
        )
    return {
        "model": config.get("name") or scorer.card.name or str(config["model"]),
        **report,
        "digest": scorer.digest,
        "format": data.format,
        "rejected": dict(rejected),
    }


def open_data(config: Mapping[str, Any], rejected: Counter[str]) -> Data:
    """The rows of a snapshot's split (test unless told), or of a file in a known format, with the rules for pairs.

    Rows that cannot be read are counted in `rejected` by reason.

    Raises: InvalidConfig if the file does not exist; UnknownFormat and UnreadableFile as `preferences` has them.
    """
    path = Path(config["data"])
    if not path.is_file():
        raise InvalidConfig(f"data: there is no file {path}.")
    if is_snapshot(path):
        split = config.get("split", "test")
        rules = PairRules.from_dict(read_manifest(path).rules)
        rows = read_snapshot(path, split=None if split == "all" else split, kind="comparison")
        return Data(iter(rows), rules, SNAPSHOT)
    lines = open_rows(path)
    start = list(islice(lines, ROWS_TO_DETECT))
    format_ = _format_of([row for _, row in start], str(config.get("format") or "auto"))
    return Data(_file_rows(chain(start, lines), format_, rejected), PairRules(), format_.name)


def train_split(config: Mapping[str, Any], data: Data) -> LearnedFrom | None:
    """What a floor may learn words from: the split the model was trained on, or else that of the evaluated snapshot.

    None where neither is there, or where the snapshot's train split is itself evaluated.
    """
    own = config.get("learned_from")
    if own and is_snapshot(own):
        return LearnedFrom(read_snapshot(own, split="train", kind="comparison"), is_the_models=True)
    if data.format == SNAPSHOT and config.get("split", "test") not in ("train", "all"):
        return LearnedFrom(read_snapshot(config["data"], split="train", kind="comparison"), is_the_models=False)
    return None


def _format_of(rows: list[dict[str, Any] | InvalidRow], name: str) -> Format:
    if name == rewardbench.NAME:
        return rewardbench.FORMAT
    if name != "auto":
        return format_named(name)
    parsed = [row for row in rows if isinstance(row, dict)]
    if parsed and all(rewardbench.matches(row) for row in parsed):
        return rewardbench.FORMAT
    return format_named(detect(rows))


def _file_rows(lines: Iterable[tuple[int, Any]], format_: Format, rejected: Counter[str]) -> Iterator[FileRow]:
    for reading in read_rows(lines, format_):
        if isinstance(reading.found, InvalidRow):
            rejected[reading.found.reason] += len(reading.rows)
        yield from (FileRow(record) for record in reading.records)


if __name__ == "__main__":
    sys.exit(run_child(evaluate))
