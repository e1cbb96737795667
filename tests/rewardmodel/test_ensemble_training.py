"""Heads, members and averages from a config to a saved model: better than the worst, resumable, plain on disk."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModelForSequenceClassification

from preferences.pairs import PairRules
from preferences.records import ComparisonRecord
from preferences.snapshot import read_snapshot, write_snapshot
from rewardmodel.core.checkpoint import read_sidecar
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data.training_set import tokenize
from rewardmodel.core.ensembles.heads import with_heads
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.evaluation.evaluating import evaluate_rows
from rewardmodel.core.model import load_backbone
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.scorer import RewardScorer
from rewardmodel.core.train_reward import train
from rewardmodel.core.training.objective import Objective
from rewardmodel.core.training.steps import take_step
from tests.rewardmodel.builders import make_run, planted_records, record
from tests.rewardmodel.test_heads import some_texts
from tests.rewardmodel.trainings import (
    StopAfter,
    largest_difference,
    run_training,
    settings,
    start_training,
    weights_of,
)


@pytest.fixture(scope="module")
def noisy_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Planted preferences of two responses, every fifth of them turned round."""
    path = tmp_path_factory.mktemp("noisy") / "noisy.parquet"
    rows: list[ComparisonRecord] = []
    for number, row in enumerate(planted_records(prompts=140, responses=2, seed=9)):
        ranking = row.judgments[0].ranking
        turned = tuple(reversed(ranking)) if number % 5 == 0 else ranking
        rows.append(record(row.prompt[0]["content"], [each.content for each in row.responses], turned))
    write_snapshot(rows, path, seed=2, validation=0.2, test=0.3)
    return path


@pytest.fixture(scope="module")
def ensemble(noisy_snapshot: Path, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ensemble")
    result = run_training(path, settings(noisy_snapshot, tiny_bert, members=4, epochs=6))
    (path / "result.json").write_text(json.dumps(result))
    return path


def held_out_loss(model: Path, snapshot: Path) -> float:
    rows = list(read_snapshot(snapshot, split="test"))
    report = evaluate_rows(rows, RewardScorer.load(model), rules=PairRules())
    assert report["pairs"] > 20
    return float(report["log_loss"])


def result_of(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((path / "result.json").read_text())
    return found


def test_four_members_together_lose_less_than_the_worst_of_them(ensemble: Path, noisy_snapshot: Path) -> None:
    together = held_out_loss(ensemble / "model", noisy_snapshot)
    alone = [held_out_loss(ensemble / "model" / "members" / str(index), noisy_snapshot) for index in range(4)]
    assert len(set(alone)) == 4
    assert together < max(alone)


def test_members_differ_and_say_so(ensemble: Path) -> None:
    scorer = RewardScorer.load(ensemble / "model")
    rewards = scorer.score(some_texts())
    assert all(reward.members is not None and len(reward.members) == 4 for reward in rewards)
    assert all(reward.uncertainty is not None and reward.uncertainty > 0 for reward in rewards)
    assert scorer.card.uncertainty_mean is not None
    assert scorer.card.calibration_pairs > 20
    assert scorer.card.combine == "mean"
    assert [member["seed"] for member in scorer.card.members] == [0, 1, 2, 3]


def test_the_plain_model_of_an_ensemble_is_its_best_member_on_validation(ensemble: Path) -> None:
    members = result_of(ensemble)["members"]
    plain = result_of(ensemble)["plain_member"]
    assert members[plain]["best_loss"] == min(member["best_loss"] for member in members)
    top = AutoModelForSequenceClassification.from_pretrained(ensemble / "model").state_dict()
    best = AutoModelForSequenceClassification.from_pretrained(ensemble / "model" / "members" / str(plain))
    assert largest_difference(top, best.state_dict()) == 0


def test_members_are_trained_as_single_networks_of_their_seeds(
    ensemble: Path, noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    run_training(tmp_path, settings(noisy_snapshot, tiny_bert, epochs=6, seed=2))
    alone = weights_of(tmp_path)
    assert largest_difference(alone, weights_of(ensemble / "members" / "2")) == 0


def test_steps_and_progress_run_through_all_members(ensemble: Path) -> None:
    lines = [json.loads(line) for line in (ensemble / "metrics.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines if line.get("split") == "train"]
    assert steps == sorted(set(steps))
    assert steps[-1] == result_of(ensemble)["steps"]
    done = [line["progress"] for line in lines if "progress" in line]
    assert done == sorted(done)
    assert done[-1][0] == done[-1][1] == result_of(ensemble)["steps"]
    assert not list((ensemble / "members").glob("*/checkpoints"))


@pytest.mark.parametrize("lines", [(3,), (9, 2), (13,)])
def test_an_ensemble_that_was_stopped_ends_in_the_weights_of_an_uninterrupted_one(
    lines: tuple[int, ...], noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = settings(noisy_snapshot, tiny_bert, members=2, epochs=2, dropout=0.1)
    whole = run_training(tmp_path / "whole", config)
    path = make_run(tmp_path / "stopped", **config)
    for count in lines:
        with StopAfter(path, lines=count) as directory, pytest.raises(Stopped):
            train(directory)
    with RunDirectory(path) as directory:
        resumed = train(directory)
    assert resumed["digest"] == whole["digest"]
    assert resumed["accuracy"] == whole["accuracy"]


def test_members_of_other_settings_are_not_taken_over(
    ensemble: Path, noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    make_run(ensemble, **settings(noisy_snapshot, tiny_bert, members=4, epochs=5))
    with RunDirectory(ensemble) as directory, pytest.raises(InvalidConfig, match="belongs to another config"):
        train(directory)


def test_members_averaged_into_one_network_are_a_plain_model(
    noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    result = run_training(tmp_path, settings(noisy_snapshot, tiny_bert, members=2, combine="weights"))
    weights = [weights_of(tmp_path / "members" / str(index)) for index in range(2)]
    for name, mean in weights_of(tmp_path).items():
        assert ((weights[0][name] + weights[1][name]) / 2 - mean).abs().max() < 1e-6, name
    assert not (tmp_path / "model" / "members").exists()
    sidecar = read_sidecar(tmp_path / "model")
    assert sidecar["combine"] == result["combine"] == "weights"
    members = [read_sidecar(tmp_path / "members" / str(index) / "model")["digest"] for index in range(2)]
    assert [member["digest"] for member in sidecar["members"]] == members
    assert RewardScorer.load(tmp_path / "model").score(some_texts(1))[0].uncertainty is None


@pytest.mark.parametrize("more", [{}, {"frozen_layers": "all"}, {"combine": "minimum"}])
def test_heads_are_trained_together_and_saved_on_one_scale(
    more: Mapping[str, Any], noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = {**settings(noisy_snapshot, tiny_bert, heads=3, epochs=3), **more}
    result = run_training(tmp_path, config)
    assert result["uncertainty_mean"] > 0
    rewards = RewardScorer.load(tmp_path / "model").score(some_texts(30))
    members = np.array([reward.members for reward in rewards])
    assert members.shape == (30, 3)
    assert np.corrcoef(members.T).min() < 1 - 1e-4
    expected = members.min(axis=1) if config.get("combine") == "minimum" else members.mean(axis=1)
    assert [reward.reward for reward in rewards] == pytest.approx(expected.tolist(), abs=1e-5)


def test_heads_resume_to_the_bit(noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    config = settings(noisy_snapshot, tiny_bert, heads=3, dropout=0.1)
    whole = run_training(tmp_path / "whole", config)
    path = make_run(tmp_path / "stopped", **config)
    with StopAfter(path, lines=5) as directory, pytest.raises(Stopped):
        train(directory)
    with RunDirectory(path) as directory:
        assert train(directory)["digest"] == whole["digest"]


def test_a_step_of_heads_is_the_same_however_it_is_cut(noisy_snapshot: Path, tiny_bert: Path) -> None:
    config = TrainConfig(**settings(noisy_snapshot, tiny_bert, heads=3, max_grad_norm=1e9))
    stepped = []
    for tokens in (100_000, 60):
        network = with_heads(load_backbone(str(tiny_bert), max_length_tokens=64), 3, seed=0)
        rows = read_snapshot(noisy_snapshot, split="train")
        comparisons = tokenize(rows, rules=PairRules(), template=network.template).comparisons[:16]
        weights = nn.ModuleList([network.model, network.heads])
        take_step(
            network,
            torch.optim.SGD(weights.parameters(), lr=1.0),
            list(comparisons),
            objective=Objective(config),
            route=PaddedRoute(),
            config=config,
            tokens_per_batch=tokens,
        )
        stepped.append(dict(weights.state_dict()))
    assert largest_difference(*stepped) < 1e-6


@pytest.mark.parametrize("averaging", [{"averaging": "ema", "ema_decay": 0.8}, {"averaging": "last-validations"}])
def test_an_averaged_run_that_was_stopped_resumes_to_the_bit(
    averaging: Mapping[str, Any], noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = settings(noisy_snapshot, tiny_bert, epochs=3, validations=6, **averaging)
    whole = run_training(tmp_path / "whole", config)
    path = make_run(tmp_path / "stopped", **config)
    for lines in (4, 5):
        with StopAfter(path, lines=lines) as directory, pytest.raises(Stopped):
            train(directory)
    with RunDirectory(path) as directory:
        resumed = train(directory)
    assert resumed["digest"] == whole["digest"]
    assert resumed["best_is_averaged"] == whole["best_is_averaged"]


def test_averages_are_kept_only_where_they_lose_less(noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    config = settings(noisy_snapshot, tiny_bert, epochs=4, validations=8, averaging="ema", ema_decay=0.9)
    result = run_training(tmp_path, config)
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    plain, averaged = (
        [line["loss"] for line in lines if line.get("split") == split] for split in ("validation", "averaged weights")
    )
    assert len(plain) == len(averaged) == 8
    assert result["best_is_averaged"] == (min(averaged) < min(plain))


def test_an_average_that_is_never_better_changes_nothing(noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path) -> None:
    config = settings(noisy_snapshot, tiny_bert, epochs=1)
    run_training(tmp_path / "without", config)
    run_training(tmp_path / "with", {**config, "averaging": "ema", "ema_decay": 0.0})
    assert largest_difference(weights_of(tmp_path / "without"), weights_of(tmp_path / "with")) == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"heads": 2, "members": 2}, "heads"),
        ({"combine": "weights"}, "combine"),
        ({"combine": "vote"}, "combine"),
        ({"heads": 0}, "heads"),
        ({"uncertainty_penalty": -1.0}, "uncertainty_penalty"),
        ({"averaging": "sometimes"}, "averaging"),
        ({"ema_decay": 1.0}, "ema_decay"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(values: Mapping[str, Any], field: str) -> None:
    with pytest.raises(InvalidConfig, match=f"^{field} "):
        TrainConfig.from_dict({"snapshot": "x.parquet", **values})


@pytest.mark.slow
@pytest.mark.parametrize("opinions", [{"heads": 3, "averaging": "ema"}, {"members": 2}])
def test_two_processes_give_the_rewards_of_one(
    opinions: Mapping[str, Any], noisy_snapshot: Path, tiny_bert: Path, tmp_path: Path
) -> None:
    config = settings(noisy_snapshot, tiny_bert, epochs=1, max_training_tokens=600, max_grad_norm=1e9, **opinions)
    run_training(tmp_path / "one", config)
    path = make_run(tmp_path / "two", **config, processes=2)
    assert start_training(path).wait(300) == 0
    assert result_of(path)["digest"] == read_sidecar(path / "model")["digest"]
    scorers = [RewardScorer.load(tmp_path / name / "model") for name in ("one", "two")]
    for one, two in zip(*(scorer.score(some_texts()) for scorer in scorers), strict=True):
        assert two.reward == pytest.approx(one.reward, abs=1e-3)
        assert two.uncertainty == pytest.approx(one.uncertainty, abs=1e-3)
