"""Evaluation on snapshots and files: figures, baselines, disagreements, and what could not be read."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from preferences.snapshot import write_snapshot
from rewardmodel.core.checkpoint import LoadedModel, ModelCard
from rewardmodel.core.errors import InvalidConfig, InvalidData
from rewardmodel.core.evaluate_reward import FileRow, evaluate
from rewardmodel.core.evaluation import evaluate_rows
from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.scorer import Reward, RewardScorer
from tests.rewardmodel.builders import make_run, planted_records, record
from tests.rewardmodel.test_checkpoint import save


class CountingScorer(RewardScorer):
    """Rewards known beforehand: words "good" less words "bad"."""

    def __init__(self) -> None:
        self._model: Any = LoadedModel(None, ModelCard("count", "pooled", "sentence-pair", 64), "0" * 64)  # type: ignore[arg-type]

    def score(self, items: Any) -> list[Reward]:
        values = [item.response.count("good") - item.response.count("bad") for item in items]
        return [Reward(float(value), float(value)) for value in values]


def test_the_planted_rewards_are_always_right() -> None:
    rows = [FileRow(row) for row in planted_records(prompts=30, responses=4)]
    report = evaluate_rows(rows, CountingScorer())
    assert (report["accuracy"], report["accuracy_low"], report["accuracy_high"]) == (1, 1, 1)
    assert report["pairs"] + report["ties"] == 30 * 6
    assert report["disagreements"] == []
    assert report["baselines"]["random"] == 0.5


def test_figures_by_hand() -> None:
    rows = [
        FileRow(record("one", ["good good", "bad"], ((0,), (1,)), ((0,), (1,)))),
        FileRow(record("two", ["bad", "good it is"], ((0,), (1,)), ((1,), (0,)))),
        FileRow(record("three", ["good", "bad"], ((0, 1),))),
        FileRow(record("four", ["good", "bad"])),
    ]
    report = evaluate_rows(rows, CountingScorer())
    assert report["accuracy"] == 0.75  # three of four judgments that prefer a response
    assert report["baselines"]["longer"] == 0.75
    assert (report["pairs"], report["ties"], report["prompts"], report["rows"]) == (4, 1, 3, 4)
    assert report["agreement"] == 0.5
    assert report["left_out"] == {"no judgment with a pair": 1}
    assert [entry["better"] for entry in report["disagreements"]] == ["bad"]
    assert report["disagreements"][0]["reward_worse"] == 1


def test_a_gold_verdict_stands_in_for_judgments() -> None:
    rows = [FileRow(record("one", ["good", "bad"], gold=((1,), (0,))))]
    assert evaluate_rows(rows, CountingScorer())["accuracy"] == 0


def test_nothing_to_compare_gives_no_figures() -> None:
    report = evaluate_rows([FileRow(record("four", ["good", "bad"]))], CountingScorer())
    assert report["pairs"] == 0
    assert report["accuracy"] is None


def run_evaluation(path: Path, **config: Any) -> dict[str, Any]:
    with RunDirectory(make_run(path, **config)) as directory:
        return evaluate(directory)


def test_a_snapshot_is_evaluated_on_its_test_split(tiny_bert: Path, planted_snapshot: Path, tmp_path: Path) -> None:
    model = save(tiny_bert, tmp_path / "model")
    report = run_evaluation(tmp_path / "run", model=str(model), data=str(planted_snapshot))
    everything = run_evaluation(tmp_path / "all", model=str(model), data=str(planted_snapshot), split="all")
    assert 0 < report["rows"] < everything["rows"] == 120
    names = {"model", "accuracy", "accuracy_low", "accuracy_high", "pairs", "log_loss", "ece", "baselines"}
    assert names <= report.keys()
    json.dumps(report, allow_nan=False)


def test_a_file_is_evaluated_and_its_bad_rows_are_counted(tiny_bert: Path, tmp_path: Path) -> None:
    lines = [
        {"chosen": "\n\nHuman: how\n\nAssistant: good", "rejected": "\n\nHuman: how\n\nAssistant: bad"},
        {"chosen": "\n\nHuman: an egg\n\nAssistant: good", "rejected": "\n\nHuman: an egg\n\nAssistant: bad it"},
        {"chosen": 7, "rejected": "x"},
    ]
    file = tmp_path / "data.jsonl.gz"
    file.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    report = run_evaluation(tmp_path / "run", model=str(save(tiny_bert, tmp_path / "model")), data=str(file))
    assert report["pairs"] == 2
    assert sum(report["rejected"].values()) == 1


def test_data_without_verdicts_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    write_snapshot([record("how", ["good", "bad"])], tmp_path / "empty.parquet", validation=0, test=0.5)
    with pytest.raises(InvalidData, match="holds no judgment"):
        run_evaluation(
            tmp_path / "run",
            model=str(save(tiny_bert, tmp_path / "m")),
            data=str(tmp_path / "empty.parquet"),
            split="all",
        )


def test_a_file_that_is_missing_and_a_setting_that_does_not_exist_are_named(tiny_bert: Path, tmp_path: Path) -> None:
    model = str(save(tiny_bert, tmp_path / "model"))
    with pytest.raises(InvalidConfig, match="there is no file"):
        run_evaluation(tmp_path / "run", model=model, data=str(tmp_path / "none.jsonl"))
    with pytest.raises(InvalidConfig, match="no setting 'colour'"):
        run_evaluation(tmp_path / "run", model=model, data="x", colour="red")
