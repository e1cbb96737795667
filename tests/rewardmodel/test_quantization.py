"""A backbone in four bits: refused where it cannot be; saved as what it was trained as."""

import sys
from pathlib import Path

import pytest
import torch

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.model import load_backbone
from rewardmodel.core.training.adapters import add_adapters, backbone_matrices, merge_adapters
from rewardmodel.core.training.parallel import Processes
from rewardmodel.core.training.quantization import dequantized, quantize
from rewardmodel.core.training.sharding import shard
from rewardmodel.core.training.trainable import make_trainable
from tests.rewardmodel.test_adapters import teach


def test_on_a_processor_four_bits_are_refused_by_name(tiny_llama: Path) -> None:
    network = load_backbone(str(tiny_llama), max_length_tokens=64)
    config = TrainConfig(snapshot="-", quantization="4bit", lora_rank=2)
    with pytest.raises(InvalidConfig, match='quantization "4bit" needs a CUDA device'):
        make_trainable(network, config, torch.device("cpu"))


def test_without_its_package_four_bits_are_refused_by_name(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    model = load_backbone(str(tiny_llama), max_length_tokens=64).model
    with pytest.raises(InvalidConfig, match='quantization "4bit" needs the package bitsandbytes'):
        quantize(model, backbone_matrices(model), compute_dtype=torch.float32)


def test_four_bits_are_not_divided_over_processes(tiny_llama: Path) -> None:
    model = load_backbone(str(tiny_llama), max_length_tokens=64).model
    quantize(model, backbone_matrices(model), compute_dtype=torch.float32)
    model.to("cpu")
    with pytest.raises(InvalidConfig, match='quantization must be "none" where weights are divided'):
        shard(model, Processes(count=2))


def test_a_layer_that_was_never_quantized_is_its_own_plain_form() -> None:
    layer = torch.nn.Linear(3, 2)
    assert dequantized(layer) is layer


@pytest.mark.parametrize("backbone", ["tiny_bert", "tiny_llama"])
def test_dequantized_and_merged_the_features_are_those_of_four_bits_and_adapters(
    backbone: str, request: pytest.FixtureRequest
) -> None:
    network = load_backbone(str(request.getfixturevalue(backbone)), max_length_tokens=64)
    model = network.model.train()  # in four bits a processor computes evaluation in another way
    tokens = torch.arange(2, 12).reshape(2, 5)
    in_full = model.base_model(tokens).last_hidden_state
    quantize(model, backbone_matrices(model), compute_dtype=torch.float32)
    model.to("cpu")
    add_adapters(model, TrainConfig(snapshot="-", lora_rank=2))
    assert any(weight.dtype == torch.uint8 for weight in model.parameters())
    in_four_bits = model.base_model(tokens).last_hidden_state
    assert not torch.equal(in_full, in_four_bits)
    teach(network)
    beside = model.base_model(tokens).last_hidden_state
    merge_adapters(model)
    assert all(weight.dtype == torch.float32 for weight in model.parameters())
    assert (model.base_model(tokens).last_hidden_state - beside).abs().max() < 1e-5
    assert (in_four_bits - beside).abs().max() > 1e-3
