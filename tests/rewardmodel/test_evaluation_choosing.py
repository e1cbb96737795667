"""The figures by which models are chosen: of the validation split, at the model's own temperature."""

import math
from pathlib import Path

import pytest

from preferences.pairs import PairRules
from preferences.snapshot import read_snapshot
from rewardmodel.core.evaluation.choosing import choosing_figures
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from tests.rewardmodel.test_checkpoint import save
from tests.rewardmodel.trainings import run_training, settings


def test_log_loss_and_accuracy_are_those_of_the_pairs_that_people_decided(
    tiny_bert: Path, planted_snapshot: Path, tmp_path: Path
) -> None:
    scorer = RewardScorer.load(save(tiny_bert, tmp_path / "model"))  # its temperature is 1.5
    found = choosing_figures(
        read_snapshot(planted_snapshot, split="validation", kind="comparison"), scorer, rules=PairRules()
    )
    costs, rights = [], []
    for row in read_snapshot(planted_snapshot, split="validation", kind="comparison"):
        prompt = row.record.prompt[0]["content"]
        rewards = [scorer.score([ScoreItem(prompt, one.content)])[0].reward for one in row.record.responses]
        groups = row.record.judgments[0].ranking
        for place, better in enumerate(groups):
            for one in better:
                for other in (worse for group in groups[place + 1 :] for worse in group):
                    lead = rewards[one] - rewards[other]
                    costs.append(math.log1p(math.exp(-lead / 1.5)))
                    rights.append(lead > 0)
    assert found["pairs"] == len(costs) > 50
    assert found["log_loss"]["value"] == pytest.approx(sum(costs) / len(costs), abs=1e-4)
    assert found["accuracy"]["value"] == pytest.approx(sum(rights) / len(rights))
    for figure in (found["log_loss"], found["accuracy"]):
        assert figure["low"] < figure["value"] < figure["high"]


def test_without_a_pair_there_is_a_reason_and_no_figure(tiny_bert: Path, tmp_path: Path) -> None:
    scorer = RewardScorer.load(save(tiny_bert, tmp_path / "model"))
    found = choosing_figures([], scorer, rules=PairRules())
    assert (found["pairs"], found["log_loss"]["value"]) == (0, None)
    assert found["accuracy"]["reason"] == "no pair that a person decided"


@pytest.mark.slow
def test_a_training_reports_them_of_validation_beside_the_test_split(
    tiny_bert: Path, planted_snapshot: Path, tmp_path: Path
) -> None:
    result = run_training(tmp_path, settings(planted_snapshot, tiny_bert, epochs=1))
    rows = list(read_snapshot(planted_snapshot, split="validation", kind="comparison"))
    scorer = RewardScorer.load(tmp_path / "model")
    again = choosing_figures(rows, scorer, rules=PairRules())
    assert result["split"] == "test"
    assert result["validation"]["pairs"] == again["pairs"] != result["pairs"]
    assert result["validation"]["log_loss"]["value"] == pytest.approx(again["log_loss"]["value"], abs=1e-5)
