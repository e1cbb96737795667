"""A config says which setting is wrong."""

import pytest

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.errors import InvalidConfig


def test_defaults_are_valid_and_survive_a_round_trip() -> None:
    config = TrainConfig(snapshot="data.parquet")
    assert TrainConfig.from_dict(config.to_dict()) == config


def test_a_whole_number_counts_as_a_fraction() -> None:
    assert TrainConfig.from_dict({"snapshot": "x", "weight_decay": 0}).weight_decay == 0.0


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "snapshot is missing"),
        ({"snapshot": "x", "epoch": 3}, "no setting 'epoch'"),
        ({"snapshot": "x", "epochs": 0}, "epochs must be at least 1"),
        ({"snapshot": "x", "epochs": "3"}, "epochs must be int or null, not '3'"),
        ({"snapshot": "x", "epochs": True}, "epochs must be int or null, not True"),
        ({"snapshot": "x", "learning_rate": -1}, "learning_rate must be above 0"),
        ({"snapshot": "x", "label_smoothing": 0.5}, "label_smoothing must be at least 0 and below 0.5"),
        ({"snapshot": "x", "precision": "fp8"}, "precision must be one of auto, fp32, bf16"),
        ({"snapshot": "x", "tokens_per_batch": "many"}, "tokens_per_batch must be int or null"),
        ({"snapshot": "x", "max_length_tokens": 4}, "max_length_tokens must be at least 16"),
        ({"snapshot": "x", "warmup_fraction": 1}, "warmup_fraction must be at least 0 and below 1"),
        ({"snapshot": "x", "pair_rules": []}, "pair_rules must be Mapping or null"),
        ({"snapshot": ""}, "snapshot must be the path"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidConfig, match=sentence):
        TrainConfig.from_dict(values)
