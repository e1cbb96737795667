"""Whole training runs by each loss: what is learned beside the rewards is kept, resumed and told."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from preferences.records import JudgmentRecord
from preferences.snapshot import store_snapshot
from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.train_reward import train
from tests.rewardmodel.builders import make_run, planted_records
from tests.rewardmodel.trainings import run_training

RULES = {"ties": "half", "margin": "large"}


@pytest.fixture(scope="module")
def rated_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each response is ranked, with ties, and rated by its place from the last."""
    records = [
        replace(record, judgments=(with_ratings(record.judgments[0]),))
        for record in planted_records(prompts=60, responses=4)
    ]
    return store_snapshot(records, tmp_path_factory.mktemp("rated"), seed=1, validation=0.2, test=0.2)[0]


def with_ratings(judgment: JudgmentRecord) -> JudgmentRecord:
    last = len(judgment.ranking)
    ratings = {
        index: {"helpfulness": float(last - place), "verbosity": float(place)}
        for place, group in enumerate(judgment.ranking)
        for index in group
    }
    return replace(judgment, strength=2, ratings=ratings)


def settings(snapshot: Path, backbone: Path, **more: Any) -> dict[str, Any]:
    return {
        "snapshot": str(snapshot),
        "backbone": str(backbone),
        "max_length_tokens": 64,
        "pair_rules": RULES,
        "epochs": 2,
        "device": "cpu",
        "precision": "fp32",
        "learning_rate": 1e-3,
        "head_learning_rate": 1e-2,
        **more,
    }


def card_of(path: Path) -> dict[str, Any]:
    return json.loads((path / "model" / "plumbline.json").read_text())


def metrics_of(path: Path, split: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line.get("split") == split]


@pytest.mark.parametrize(
    "more",
    [
        {"loss": "scaled-bradley-terry"},
        {"loss": "rao-kupper", "label_smoothing": 0.05},
        {"loss": "plackett-luce", "centering": 0.01},
        {"loss": "regression", "attributes": {"helpfulness": 2, "verbosity": -1}},
    ],
)
def test_every_loss_orders_pairs_that_it_has_not_seen(
    tmp_path: Path, rated_snapshot: Path, tiny_bert: Path, more: dict[str, Any]
) -> None:
    path = make_run(tmp_path / "run", **settings(rated_snapshot, tiny_bert, epochs=6, **more))
    with RunDirectory(path) as directory:
        result = train(directory)
    assert result["accuracy"] > 0.7
    losses = [line["loss"] for line in metrics_of(path, "validation")]
    assert losses[-1] < losses[0]
    assert (card_of(path)["tie_parameter"] is not None) == (more["loss"] == "rao-kupper")


def test_a_resumed_run_ends_with_the_same_tie_parameter_to_the_bit(
    tmp_path: Path, rated_snapshot: Path, tiny_bert: Path
) -> None:
    class StopsInItsFourthStep(RunDirectory):
        passes = 0

        def stop_if_asked(self) -> None:
            self.passes += 1
            self.should_stop = self.passes == 4
            super().stop_if_asked()

    config = settings(rated_snapshot, tiny_bert, loss="davidson", tie_learning_rate=0.05)
    whole, stopped = make_run(tmp_path / "whole", **config), make_run(tmp_path / "stopped", **config)
    with RunDirectory(whole) as directory:
        train(directory)
    with StopsInItsFourthStep(stopped) as directory, pytest.raises(Stopped):
        train(directory)
    with RunDirectory(stopped) as directory:
        train(directory)
    assert card_of(whole)["tie_parameter"] == card_of(stopped)["tie_parameter"] > 0
    assert card_of(whole)["digest"] == card_of(stopped)["digest"]


def test_a_snapshot_that_says_nothing_to_the_loss_is_refused(tmp_path: Path, tiny_bert: Path) -> None:
    snapshot, _ = store_snapshot(planted_records(prompts=20, responses=3), tmp_path, seed=1, validation=0.2, test=0.2)
    path = make_run(tmp_path / "run", **settings(snapshot, tiny_bert, loss="regression"))
    with RunDirectory(path) as directory, pytest.raises(ExpectedFailure, match="no rating in their judgments"):
        train(directory)


def test_members_count_what_says_nothing_to_the_loss_as_one_network_does(tmp_path: Path, tiny_bert: Path) -> None:
    records = [
        replace(record, judgments=(with_ratings(record.judgments[0]),)) if number % 3 else record
        for number, record in enumerate(planted_records(prompts=24, responses=3))
    ]
    snapshot, _ = store_snapshot(records, tmp_path, seed=1, validation=0.2, test=0.2)
    config = settings(snapshot, tiny_bert, loss="regression", epochs=1)
    one, two = (run_training(tmp_path / f"{count}", {**config, "members": count})["data"] for count in (1, 2))
    assert one == two
    assert one["train"]["left_out"]["no rating in their judgments"] > 0


def test_rules_that_do_not_tell_what_the_loss_needs_are_refused_before_anything_is_trained(
    tmp_path: Path, rated_snapshot: Path, tiny_bert: Path
) -> None:
    path = make_run(tmp_path / "run", **settings(rated_snapshot, tiny_bert, loss="davidson", pair_rules={}))
    with RunDirectory(path) as directory, pytest.raises(ExpectedFailure, match='set "ties" to "half"'):
        train(directory)
