"""Every trained weight moves once, at the rate of its place."""

from pathlib import Path

import pytest
import torch

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.training.objective import Objective
from rewardmodel.core.training.optimizer import build_optimizer, set_learning_rate
from rewardmodel.core.training.trainable import make_trainable


def groups(network: RewardNetwork, **settings: object) -> dict[str, tuple[float, float]]:
    """Peak rate and decay of each trained weight by its name, the objective's under "objective"."""
    config = TrainConfig.from_dict({"snapshot": "-", "frozen_layers": 0, **settings})
    make_trainable(network, config, torch.device("cpu"))
    objective = Objective(config)
    names = {id(weight): name for name, weight in network.model.named_parameters()}
    names.update({id(weight): f"objective.{name}" for name, weight in objective.named_parameters()})
    found: dict[str, tuple[float, float]] = {}
    for group in build_optimizer(network, config, objective).param_groups:
        for weight in group["params"]:
            assert names[id(weight)] not in found
            found[names[id(weight)]] = (group["peak"], group["weight_decay"])
    return found


def test_all_that_is_trained_is_in_the_optimizer_once(tiny_bert: Path, tiny_llama: Path) -> None:
    for backbone in (tiny_bert, tiny_llama):
        network = load_backbone(str(backbone), max_length_tokens=64)
        found = groups(network, loss="davidson")
        assert found.keys() == {*dict(network.model.named_parameters()), "objective.tie"}


def test_head_and_tie_parameter_have_rates_of_their_own_and_no_decay(tiny_bert: Path) -> None:
    found = groups(
        load_backbone(str(tiny_bert), max_length_tokens=64),
        loss="davidson",
        learning_rate=1e-4,
        head_learning_rate=1e-2,
        tie_learning_rate=1e-1,
    )
    assert found["classifier.weight"] == found["classifier.bias"] == (1e-2, 0)
    assert found["objective.tie"] == (1e-1, 0)
    assert found["bert.encoder.layer.0.output.dense.weight"] == (1e-4, 0.01)
    assert found["bert.encoder.layer.0.output.dense.bias"] == (1e-4, 0)


def test_lower_layers_move_slower_by_the_decay_of_layers(tiny_bert: Path) -> None:
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    found = groups(network, layer_decay=0.5, learning_rate=1.0)
    assert found["bert.pooler.dense.weight"][0] == 1.0
    assert found["bert.encoder.layer.1.output.dense.weight"][0] == 1.0
    assert found["bert.encoder.layer.0.output.dense.weight"][0] == 0.5
    assert found["bert.embeddings.word_embeddings.weight"][0] == 0.25


def test_every_group_gets_its_part_of_its_own_peak(tiny_bert: Path) -> None:
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    config = TrainConfig(snapshot="-", layer_decay=0.5)
    optimizer = build_optimizer(network, config, Objective(config))
    set_learning_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(
        [group["peak"] * 0.25 for group in optimizer.param_groups]
    )
