"""Averages of weights, along a run and of finished models."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from transformers import AutoModelForSequenceClassification

from rewardmodel.core.average_models import average_models, main
from rewardmodel.core.checkpoint import read_sidecar
from rewardmodel.core.config.ensemble import EnsembleSettings
from rewardmodel.core.ensembles.averaging import (
    LastValidations,
    MovingAverage,
    WeightAverage,
    average_of,
    mean_of_weights,
)
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.scorer import RewardScorer
from tests.rewardmodel.test_checkpoint import save
from tests.rewardmodel.test_ensemble import saved_ensemble
from tests.rewardmodel.test_heads import some_texts


class One(nn.Module):
    """A model of one weight, and of one that is never trained."""

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([value]))
        self.frozen = nn.Parameter(torch.tensor([9.0]), requires_grad=False)

    def at(self, value: float) -> "One":
        with torch.no_grad():
            self.weight.fill_(value)
        return self


def value(weights: dict[str, torch.Tensor] | None) -> float:
    assert weights is not None
    assert weights.keys() == {"weight"}
    return weights["weight"].item()


def test_a_moving_average_follows_its_recurrence() -> None:
    average, model, expected = MovingAverage(0.6), One(), 0.0
    for step, weight in enumerate([2.0, 4.0, -1.0, 5.0, 5.0, 7.0], start=1):
        average.after_step(model.at(weight), step)
        keep = min(0.6, step / (9 + step))
        expected = weight if step == 1 else keep * expected + (1 - keep) * weight
        assert value(average.at_validation(model)) == pytest.approx(expected)


def test_a_moving_average_of_constant_weights_is_those_weights() -> None:
    average, model = MovingAverage(0.99), One(3.5)
    for step in range(1, 50):
        average.after_step(model, step)
    assert value(average.at_validation(model)) == 3.5


def test_the_last_validations_are_averaged_and_older_ones_forgotten() -> None:
    average, model = LastValidations(3), One()
    assert average.at_validation(model.at(1.0)) is None
    found = [value(average.at_validation(model.at(weight))) for weight in (3.0, 8.0, 4.0)]
    assert found == pytest.approx([2.0, 4.0, 5.0])


@pytest.mark.parametrize("averaging", ["ema", "last-validations"])
def test_an_average_that_is_laid_down_and_taken_up_goes_on_the_same(averaging: str) -> None:
    def average() -> WeightAverage:
        found = average_of(EnsembleSettings(averaging=averaging))
        assert found is not None
        return found

    whole, first, second, model = average(), average(), average(), One()
    for step in range(1, 21):
        model.at(step**0.5)
        if step == 11:
            second.parts = [{name: weight.clone() for name, weight in part.items()} for part in first.parts]
        for each in (whole, first if step <= 10 else second):
            each.after_step(model, step)
            if step % 4 == 0:
                each.at_validation(model)
    last, resumed = whole.at_validation(model), second.at_validation(model)
    assert value(last) == value(resumed)


def test_no_average_is_kept_unless_asked_for() -> None:
    assert average_of(EnsembleSettings()) is None


def test_a_mean_of_weights_refuses_others_and_keeps_whole_numbers() -> None:
    first = {"a": torch.tensor([1.0, 3.0]), "count": torch.tensor(7)}
    mean = mean_of_weights([first, {"a": torch.tensor([3.0, 5.0]), "count": torch.tensor(7)}])
    assert mean["a"].tolist() == [2.0, 4.0]
    assert mean["count"].item() == 7
    for other in ({"a": torch.zeros(3), "count": torch.tensor(7)}, {"b": torch.zeros(2)}):
        with pytest.raises(ValueError, match="differ in name or shape"):
            mean_of_weights([first, other])


@pytest.mark.parametrize("backbone", ["tiny_bert", "tiny_llama"])
def test_the_average_of_equal_models_is_that_model(
    backbone: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    places = [save(request.getfixturevalue(backbone), tmp_path / name) for name in ("one", "other", "third")]
    average_models(tmp_path / "average", places)
    assert RewardScorer.load(tmp_path / "average").score(some_texts()) == RewardScorer.load(places[0]).score(
        some_texts()
    )


def test_an_average_is_a_plain_model_of_averaged_weights_that_names_its_members(
    tiny_bert: Path, tmp_path: Path
) -> None:
    places = [save(tiny_bert, tmp_path / f"{seed}", seed=seed) for seed in (1, 2)]
    result = average_models(tmp_path / "average", places, name="both")
    weights = [load_file(place / "model.safetensors") for place in (*places, tmp_path / "average")]
    for name, mean in weights[2].items():
        assert torch.allclose(mean, (weights[0][name] + weights[1][name]) / 2, atol=1e-7), name
    sidecar = read_sidecar(tmp_path / "average")
    assert sidecar["combine"] == "weights"
    assert [member["digest"] for member in sidecar["members"]] == [read_sidecar(place)["digest"] for place in places]
    assert sidecar["temperature"] == pytest.approx(1.5)
    assert result["digest"] == sidecar["digest"]
    assert AutoModelForSequenceClassification.from_pretrained(tmp_path / "average").config.num_labels == 1
    (reward,) = RewardScorer.load(tmp_path / "average").score(some_texts(1))
    assert reward.uncertainty is None


def test_mean_spread_and_temperature_are_measured_where_data_are_given(
    tiny_bert: Path, planted_snapshot: Path, tmp_path: Path
) -> None:
    places = [save(tiny_bert, tmp_path / f"{seed}", seed=seed) for seed in (1, 2)]
    average_models(tmp_path / "average", places, data=planted_snapshot)
    card = RewardScorer.load(tmp_path / "average").card
    assert card.calibration_pairs > 20
    assert card.temperature != pytest.approx(1.5)
    assert card.reward_std != pytest.approx(2.0)


def test_models_of_different_losses_are_measured_without_a_model_of_ties(
    tiny_bert: Path, planted_snapshot: Path, tmp_path: Path
) -> None:
    with_ties = {"training": {"loss": "davidson", "pair_rules": {"ties": "half"}}, "tie_parameter": 1.2}
    places = [save(tiny_bert, tmp_path / "davidson", seed=1, **with_ties), save(tiny_bert, tmp_path / "plain", seed=2)]
    average_models(tmp_path / "average", places, data=planted_snapshot)
    card = RewardScorer.load(tmp_path / "average").card
    assert (card.tie_parameter, card.calibration_pairs > 20) == (None, True)


def test_models_that_do_not_fit_are_refused_with_a_sentence(
    tiny_bert: Path, tiny_llama: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bert, llama = save(tiny_bert, tmp_path / "bert"), save(tiny_llama, tmp_path / "llama")
    assert main([str(tmp_path / "average"), str(bert), str(llama)]) == 1
    assert "lays texts out differently" in capsys.readouterr().err
    ensemble = saved_ensemble(tiny_bert, tmp_path)
    with pytest.raises(InvalidConfig, match="is an ensemble itself"):
        average_models(tmp_path / "average", [bert, ensemble])
    with pytest.raises(InvalidConfig, match="two models or more"):
        average_models(tmp_path / "average", [bert])
    with pytest.raises(InvalidConfig, match="exists already"):
        average_models(bert, [bert, bert])
    with pytest.raises(InvalidConfig, match="data: there is no file"):
        average_models(tmp_path / "average", [bert, bert], data=tmp_path / "nowhere.parquet")
    assert not (tmp_path / "average").exists()


def test_the_command_prints_one_json_object(
    tiny_bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [str(save(tiny_bert, tmp_path / f"{seed}", seed=seed)) for seed in (1, 2)]
    assert main([str(tmp_path / "average"), *places]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["members"] == 2
    assert result["model"] == "average"
