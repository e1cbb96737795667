"""Adapters learn instead of the backbone, and become one with it before the model is saved."""

import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.ensembles.ensemble import read_members
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.model import RewardNetwork, freeze_lower_layers, load_backbone, transformer_layers
from rewardmodel.core.run_directory import RunDirectory, Stopped
from rewardmodel.core.train_reward import train
from rewardmodel.core.training.adapters import add_adapters, backbone_matrices, merge_adapters
from tests.rewardmodel.builders import make_run
from tests.rewardmodel.trainings import StopAfter, run_training, settings, weights_of

ITEMS = [("how do i boil an egg", "good good in water"), ("how", "bad"), ("", "")]


def adapted(backbone: Path, **changes: Any) -> RewardNetwork:
    network = load_backbone(str(backbone), max_length_tokens=64)
    add_adapters(network.model, TrainConfig.from_dict({"snapshot": "-", "lora_rank": 4, **changes}))
    return network


def rewards(network: RewardNetwork) -> torch.Tensor:
    network.model.eval()
    return read_members((network,), network.template.encode(ITEMS), tokens_per_batch=512)[:, 0]


def teach(network: RewardNetwork) -> None:
    """Give all that can learn weights that matter."""
    torch.manual_seed(1)
    for weight in network.model.parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight, std=0.3)


@pytest.mark.parametrize("rank", [1, 4])
def test_merged_adapters_give_the_rewards_of_adapters_beside_their_matrices(
    tiny_bert: Path, tiny_llama: Path, rank: int
) -> None:
    for backbone in (tiny_bert, tiny_llama):
        untouched = rewards(load_backbone(str(backbone), max_length_tokens=64))
        network = adapted(backbone, lora_rank=rank, lora_alpha=8.0)
        assert torch.equal(rewards(network), untouched)  # they begin with nothing to say
        teach(network)
        beside = rewards(network)
        merge_adapters(network.model)
        assert (rewards(network) - beside).abs().max() < 1e-5
        assert (beside - untouched).abs().max() > 1e-3
        plain = load_backbone(str(backbone), max_length_tokens=64).model
        assert network.model.state_dict().keys() == plain.state_dict().keys()
        assert [type(part) for part in network.model.modules()] == [type(part) for part in plain.modules()]


def test_adapters_head_and_pooler_learn_and_nothing_else(tiny_bert: Path, tiny_llama: Path) -> None:
    for backbone, in_full in ((tiny_bert, {"bert.pooler.dense", "classifier"}), (tiny_llama, {"score"})):
        model = adapted(backbone).model
        learning = {name for name, weight in model.named_parameters() if weight.requires_grad}
        assert {name.rpartition(".")[0] for name in learning if "lora_" not in name} == in_full
        matrices = {name for name in backbone_matrices(model) if "lora_" not in name and "base_layer" in name}
        assert {name.split(".lora_")[0] for name in learning if "lora_" in name} == {
            name.removesuffix(".base_layer") for name in matrices
        }


def test_named_matrices_alone_get_adapters(tiny_llama: Path) -> None:
    model = adapted(tiny_llama, lora_targets=["q_proj", "v_proj"]).model
    names = {name.split(".lora_")[0].rpartition(".")[2] for name, _ in model.named_parameters() if "lora_" in name}
    assert names == {"q_proj", "v_proj"}


def test_frozen_layers_get_no_adapters(tiny_llama: Path) -> None:
    network = load_backbone(str(tiny_llama), max_length_tokens=64)
    add_adapters(network.model, TrainConfig(snapshot="-", lora_rank=2), frozen_layers=1)
    first, second = transformer_layers(network.model)
    assert not any("lora_" in name for name, _ in first.named_parameters())
    assert any("lora_" in name for name, _ in second.named_parameters())


def test_names_that_no_matrix_has_are_refused(tiny_llama: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"lora_targets names no matrix of LlamaFor.*: query, key"):
        adapted(tiny_llama, lora_targets=["query", "key"])


def test_without_peft_the_setting_that_needs_it_is_named(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(InvalidConfig, match="lora_rank needs the package peft"):
        adapted(tiny_llama)


def test_trained_adapters_are_saved_as_a_plain_model_that_anyone_loads(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_llama, lora_rank=8, epochs=8, learning_rate=2e-2)
    result = run_training(tmp_path / "run", config)
    assert result["accuracy"] > 0.8
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "run" / "model")
    saved = weights_of(tmp_path / "run")
    assert model.state_dict().keys() == saved.keys()
    before = load_file(tiny_llama / "model.safetensors")
    assert torch.equal(saved["model.embed_tokens.weight"][: len(before["model.embed_tokens.weight"])],
                       before["model.embed_tokens.weight"])  # fmt: skip
    assert not torch.equal(saved["model.layers.0.mlp.up_proj.weight"], before["model.layers.0.mlp.up_proj.weight"])


def test_a_checkpoint_holds_adapters_and_head_alone(planted_snapshot: Path, tiny_llama: Path, tmp_path: Path) -> None:
    path = make_run(tmp_path, **settings(planted_snapshot, tiny_llama, lora_rank=2))
    with StopAfter(path, lines=2) as directory, pytest.raises(Stopped):
        train(directory)
    checkpoint = RunDirectory(path).resumed(Path)
    assert checkpoint is not None
    kept = load_file(checkpoint / "weights.safetensors")
    assert all("lora_" in name or name == "model.score.weight" for name in kept)
    moments = load_file(checkpoint / "optimizer.safetensors")
    assert {name.rpartition("/")[0] for name in moments} == kept.keys()


def test_a_model_without_adapters_stays_as_it_is(tiny_bert: Path) -> None:
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    before = rewards(network)
    freeze_lower_layers(network.model, 1)
    merge_adapters(network.model)
    assert torch.equal(rewards(network), before)
    assert all(weight.requires_grad for weight in network.model.parameters())
