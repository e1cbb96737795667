"""A config says which setting is wrong."""

import math

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
        ({"snapshot": "x", "backbone": "a" * 256}, "backbone must have 255 characters at most, not 'a{199}…"),
        ({"snapshot": "x", "epochs": 10**5000}, "epochs must not be beyond .* not a number of that length"),
        ({"snapshot": "x", "frozen_layers": "some"}, "frozen_layers must be one of all, not 'some'"),
        ({"snapshot": "x", "frozen_layers": None}, "frozen_layers must be int or str, not None"),
        ({"snapshot": "x", "frozen_layers": -1}, "frozen_layers must not be negative"),
        ({"snapshot": "x", "frozen_layers": "all", "dropout": 0.1}, 'dropout must be 0 where frozen_layers is "all"'),
        ({"snapshot": "x", "frozen_layers": "all", "lora_rank": 4}, 'frozen_layers must not be "all" beside lora_rank'),
        ({"snapshot": "x", "lora_rank": 0}, "lora_rank must be at least 1"),
        ({"snapshot": "x", "lora_targets": "q_proj"}, 'lora_targets must be "all-linear" or a list of names'),
        ({"snapshot": "x", "lora_targets": []}, 'lora_targets must be "all-linear" or a list of names'),
        ({"snapshot": "x", "lora_dropout": 1}, "lora_dropout must be at least 0 and below 1"),
        ({"snapshot": "x", "quantization": "8bit"}, "quantization must be one of none, 4bit"),
        ({"snapshot": "x", "quantization": "4bit"}, 'quantization needs lora_rank, or must be "none"'),
        ({"snapshot": "x", "schedule": "step"}, "schedule must be one of linear, cosine, constant"),
        ({"snapshot": "x", "layer_decay": 0}, "layer_decay must be above 0 and at most 1"),
        ({"snapshot": "x", "early_stopping": 0}, "early_stopping must be at least 1"),
        ({"snapshot": "x", "processes": 0}, "processes must be at least 1"),
        ({"snapshot": "x", "sharding": "half"}, "sharding must be one of auto, none, full"),
        ({"snapshot": "x", "gradient_checkpointing": "on"}, 'gradient_checkpointing must be true, false or "auto"'),
        ({"snapshot": "x", "seed": -1}, r"seed must be at least 0 and below 2\^63"),
        ({"snapshot": "x", "seed": 2**63}, r"seed must be at least 0 and below 2\^63"),
        ({"snapshot": "x", "name": "a\ud800b"}, "name must be text that UTF-8 can hold"),
        ({"snapshot": "x", "annotator_weights": {"\ud800": 1}}, "annotator_weights must be text that UTF-8 can hold"),
        ({"snapshot": "x", "uncertainty_penalty": math.inf}, "uncertainty_penalty must be a finite number"),
        ({"snapshot": "x", "learning_rate": math.inf}, "learning_rate must be a finite number"),
        ({"snapshot": "x", "learning_rate": math.nan}, "learning_rate must be a finite number"),
        ({"snapshot": "x", "learning_rate": 10**400}, "learning_rate must be a finite number"),
        ({"snapshot": "x", "pair_rules": {"foo": 1}}, "pair_rules: There is no pair rule named foo"),
        ({"snapshot": "x", "pair_rules": {"ties": "sometimes"}}, "pair_rules: ties='sometimes' is not one of"),
        (
            {"snapshot": "x", "loss": "regression", "attributes": {"a": 10**400}},
            "attributes must give numbers .* none beyond 1,000,000",
        ),
        ({"snapshot": "x", "loss": "regression", "attributes": {"a": 1e308, "b": 1e308}}, "none beyond 1,000,000"),
        ({"snapshot": "x", "lora_rank": 2, "lora_targets": [1, 2]}, 'lora_targets must be "all-linear" or a list'),
        ({"snapshot": "x", "heads": 1001}, "heads must be at most 1000"),
        ({"snapshot": "x", "annotator_weights": {"p": 1e-300}}, "annotator_weights: The weight of annotator 'p'"),
        (
            {"snapshot": "x", "quantization": "4bit", "lora_rank": 4, "sharding": "full"},
            'sharding must be "none" beside quantization',
        ),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidConfig, match=sentence) as refused:
        TrainConfig.from_dict(values)
    assert refused.value.field in str(refused.value)
