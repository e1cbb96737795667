"""Evaluate a reward model: `python -m rewardmodel.core.evaluate_reward RUN_DIR`.

config.json holds an EvaluationConfig; figures end in result.json.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any, cast

import torch

from preferences.containers import open_rows
from preferences.errors import InvalidRow
from preferences.formats import Format, detect, format_named, read_rows
from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.snapshot import is_snapshot, read_manifest, read_snapshot
from preferences.splits import Split
from rewardmodel.core.config.evaluation import ALL, DETECTED, EvaluationConfig
from rewardmodel.core.data.training_set import HasRecord
from rewardmodel.core.errors import InvalidConfig, InvalidData
from rewardmodel.core.evaluation import rewardbench
from rewardmodel.core.evaluation.evaluating import evaluate_rows, found_anything
from rewardmodel.core.evaluation.floors import LearnedFrom
from rewardmodel.core.evaluation.outcomes_file import FILE
from rewardmodel.core.run_directory import RunDirectory, run_child
from rewardmodel.core.scorer import RewardScorer

ROWS_TO_DETECT = 20
SNAPSHOT = "snapshot"


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
    config = EvaluationConfig.from_dict(directory.read_config())
    torch.set_num_threads(config.torch_threads)
    rejected: Counter[str] = Counter()
    data = open_data(config, rejected)
    learned_from = train_split(config, data)
    scorer = RewardScorer.load(config.model, device=config.device)
    report = evaluate_rows(
        directory.interruptible(data.rows),
        scorer,
        rules=data.rules,
        seed=config.seed,
        learned_from=learned_from,
        category=config.slice_by,
        benchmark=rewardbench.Scores() if data.format == rewardbench.NAME else None,
        outcomes=directory.path / FILE,
    )
    if not found_anything(report):
        raise InvalidData(
            f"{config.data} holds no judgment that prefers one response: {report['rows']} rows read, "
            f"{rejected.total()} unreadable."
        )
    return {
        "model": config.name or scorer.card.name or config.model,
        **report,
        "digest": scorer.digest,
        "format": data.format,
        "rejected": dict(rejected),
    }


def open_data(config: EvaluationConfig, rejected: Counter[str]) -> Data:
    """The rows of a snapshot's split (test unless told), or of a file in a known format, with the rules for pairs.

    Rows that cannot be read are counted in `rejected` by reason.

    Raises: InvalidConfig if the file does not exist; UnknownFormat and UnreadableFile as `preferences` has them.
    """
    path = Path(config.data)
    if not path.is_file():
        raise InvalidConfig(f"data: there is no file {path}.", field="data")
    if is_snapshot(path):
        split = None if config.split == ALL else cast("Split", config.split)
        rows = read_snapshot(path, split=split, kind="comparison")
        return Data(rows, read_manifest(path).pair_rules, SNAPSHOT)
    lines = open_rows(path)
    start = list(islice(lines, ROWS_TO_DETECT))
    format_ = _format_of([row for _, row in start], config.format)
    return Data(_file_rows(chain(start, lines), format_, rejected), PairRules(), format_.name)


def train_split(config: EvaluationConfig, data: Data) -> LearnedFrom | None:
    """What a floor may learn words from: the split the model was trained on, or else that of the evaluated snapshot.

    None where neither is there, or where the snapshot's train split is itself evaluated.

    Raises: InvalidConfig if the config names one that is no snapshot.
    """
    own = config.learned_from
    if own:
        if not is_snapshot(own):
            raise InvalidConfig(f"learned_from: {own} is no snapshot.", field="learned_from")
        return LearnedFrom(read_snapshot(own, split="train", kind="comparison"), is_the_models=True)
    if data.format == SNAPSHOT and config.split not in ("train", ALL):
        return LearnedFrom(read_snapshot(config.data, split="train", kind="comparison"), is_the_models=False)
    return None


def _format_of(rows: list[dict[str, Any] | InvalidRow], name: str) -> Format:
    if name == rewardbench.NAME:
        return rewardbench.FORMAT
    if name != DETECTED:
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
