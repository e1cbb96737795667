"""Whole training runs with a head for each rated attribute: what is learned, kept, resumed, told and refused."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from preferences.records import ComparisonRecord
from preferences.snapshot import read_snapshot, store_snapshot
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.evaluate_reward import evaluate
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from rewardmodel.core.train_reward import train
from tests.rewardmodel.builders import BAD, GOOD, make_run, planted_records
from tests.rewardmodel.test_heads import some_texts
from tests.rewardmodel.trainings import StopAfter, run_training, settings, start_training


def with_ratings(number: int, record: ComparisonRecord) -> ComparisonRecord:
    """Every response is rated by its words "good" and "bad", on every other prompt the first two by how many words
    there are. Nobody rates more than that, and everybody ranks."""
    (judgment,) = record.judgments
    contents = [str(response.content) for response in record.responses]
    ratings = {
        index: {"helpfulness": float(content.split().count(GOOD) - content.split().count(BAD))}
        for index, content in enumerate(contents)
    }
    for index in (0, 1) if number % 2 else ():
        ratings[index]["verbosity"] = 10.0 * len(contents[index].split())
    return replace(record, judgments=(replace(judgment, ratings=ratings),))


@pytest.fixture(scope="module")
def rated_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    records = [with_ratings(*each) for each in enumerate(planted_records(prompts=120, responses=4))]
    return store_snapshot(records, tmp_path_factory.mktemp("rated"), seed=1, validation=0.2, test=0.3)[0]


def config(snapshot: Path, backbone: Path, **more: Any) -> dict[str, Any]:
    weights = {"helpfulness": 3, "verbosity": -1}
    return settings(snapshot, backbone, loss="regression", attribute_heads=True, attributes=weights, **more)


def sidecar_of(path: Path) -> dict[str, Any]:
    return dict(json.loads((path / "model" / "plumbline.json").read_text()))


def test_heads_predict_ratings_that_they_have_not_seen(tmp_path: Path, rated_snapshot: Path, tiny_bert: Path) -> None:
    result = run_training(tmp_path / "run", config(rated_snapshot, tiny_bert, epochs=24))
    helpful, verbose = result["attributes"]
    assert (helpful["name"], helpful["weight"]) == ("helpfulness", 0.75)
    assert (verbose["name"], verbose["weight"]) == ("verbosity", -0.25)
    assert helpful["pearson"]["value"] > 0.7
    assert helpful["rmse"]["value"] < 0.8 * helpful["spread"]
    assert helpful["spearman"]["low"] < helpful["spearman"]["value"] < helpful["spearman"]["high"]
    assert verbose["pearson"]["n"] < helpful["pearson"]["n"] / 2
    assert result["accuracy"] > 0.7

    values: dict[str, list[float]] = {"helpfulness": [], "verbosity": []}
    for row in read_snapshot(rated_snapshot, split="train", kind="comparison"):
        for ratings in row.record.judgments[0].ratings.values():
            for name, value in ratings.items():
                values[name].append(float(value))
    for told, name, weight in zip(sidecar_of(tmp_path / "run")["attributes"], values, (0.75, -0.25), strict=True):
        assert (told["name"], told["weight"]) == (name, weight)
        assert told["mean"] == pytest.approx(np.mean(values[name]))
        assert told["std"] == pytest.approx(np.std(values[name]))
    scorer = RewardScorer.load(tmp_path / "run" / "model")
    good, bad = scorer.score([ScoreItem("how do i", "good good good egg"), ScoreItem("how do i", "bad bad bad egg")])
    assert good.attributes is not None
    assert bad.attributes is not None
    assert good.attributes["helpfulness"] > bad.attributes["helpfulness"] + 2


@pytest.mark.parametrize("more", [{}, {"frozen_layers": "all"}, {"averaging": "ema", "dropout": 0.1}])
def test_a_resumed_run_ends_in_the_same_bits(
    tmp_path: Path, rated_snapshot: Path, tiny_bert: Path, more: dict[str, Any]
) -> None:
    chosen = config(rated_snapshot, tiny_bert, checkpoint_every_seconds=0, **more)
    run_training(tmp_path / "whole", chosen)
    with StopAfter(make_run(tmp_path / "stopped", **chosen), lines=2) as directory, pytest.raises(Stopped):
        train(directory)
    with RunDirectory(tmp_path / "stopped") as directory:
        train(directory)
    whole, stopped = sidecar_of(tmp_path / "whole"), sidecar_of(tmp_path / "stopped")
    assert whole["digest"] == stopped["digest"]
    assert "heads.safetensors" in whole["files"]
    assert whole["golden"] == stopped["golden"]


@pytest.mark.slow
def test_two_processes_predict_what_one_does(tmp_path: Path, rated_snapshot: Path, tiny_bert: Path) -> None:
    chosen = config(rated_snapshot, tiny_bert, epochs=1, max_training_tokens=600, max_grad_norm=1e9, validations=1)
    run_training(tmp_path / "one", chosen)
    assert start_training(make_run(tmp_path / "two", **chosen, processes=2)).wait(300) == 0
    scorers = [RewardScorer.load(tmp_path / name / "model") for name in ("one", "two")]
    for one, two in zip(*(scorer.score(some_texts()) for scorer in scorers), strict=True):
        assert two.reward == pytest.approx(one.reward, abs=1e-3)
        assert two.attributes == pytest.approx(one.attributes, abs=1e-2)


def test_a_decoder_learns_its_attributes_too(tmp_path: Path, rated_snapshot: Path, tiny_llama: Path) -> None:
    result = run_training(tmp_path / "run", config(rated_snapshot, tiny_llama, epochs=4, max_length_tokens=100))
    assert result["attributes"][0]["pearson"]["low"] > 0.2


def test_ratings_alone_are_learned_from_and_reported_where_nobody_ranked(tmp_path: Path, tiny_bert: Path) -> None:
    records = []
    for number, record in enumerate(planted_records(prompts=60, responses=3)):
        one = with_ratings(number, record)
        records.append(replace(one, judgments=(replace(one.judgments[0], ranking=()),)))
    snapshot, _ = store_snapshot(records, tmp_path, seed=1, validation=0.2, test=0.3)
    result = run_training(tmp_path / "run", config(snapshot, tiny_bert, epochs=1))
    assert (result["pairs"], result["accuracy"], result["split"]) == (0, None, "test")
    assert result["attributes"][0]["rmse"]["n"] > 20
    told = make_run(tmp_path / "evaluation", model=str(tmp_path / "run" / "model"), data=str(snapshot))
    with RunDirectory(told) as directory:
        evaluated = evaluate(directory)
    assert evaluated["attributes"] == result["attributes"]


def test_a_head_for_what_nobody_rated_stops_the_run_with_its_name(
    tmp_path: Path, rated_snapshot: Path, tiny_bert: Path
) -> None:
    chosen = {**config(rated_snapshot, tiny_bert), "attributes": {"humour": 1}}
    with pytest.raises(InvalidConfig, match="attributes names 'humour', of which the train split holds no rating"):
        run_training(tmp_path / "run", chosen)


@pytest.mark.parametrize("more", [{"heads": 3}, {"members": 2}])
def test_parts_of_one_opinion_and_several_opinions_are_not_trained_together(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig, match="attribute_heads must be false where heads or members is above 1"):
        TrainConfig.from_dict({"snapshot": "-", "loss": "regression", "attribute_heads": True, **more})
