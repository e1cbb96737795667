"""What only a GPU can show: `pytest tests/rewardmodel/on_cuda.py` on a machine that has one. No part of `make test`."""

from pathlib import Path

import pytest
import torch

from preferences.pairs import PairRules
from preferences.snapshot import read_snapshot
from rewardmodel.core.config.compute import PACKED, SHARED
from rewardmodel.core.data.training_set import tokenize
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.routes.choose import choose_route
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.routes.route import Route
from rewardmodel.core.run_directory import Stopped
from rewardmodel.core.train_reward import train
from tests.rewardmodel.builders import make_run, make_tiny_decoder
from tests.rewardmodel.test_routes import relative
from tests.rewardmodel.trainings import StopAfter, largest_difference, run_training, settings, weights_of

GPU = "cuda"
BF16 = {"device": GPU, "precision": "bf16"}


def gradient(network: RewardNetwork, route: Route, snapshot: Path) -> torch.Tensor:
    """That of the rewards' squares over some comparisons, as one vector."""
    rows = read_snapshot(snapshot, split="validation")
    comparisons = list(tokenize(rows, rules=PairRules(), template=network.template).comparisons)
    network.model.zero_grad()
    with torch.autocast(GPU, dtype=torch.bfloat16):
        features = route.features(network, comparisons)
    network.read(features).square().sum().backward()
    return torch.cat([weight.grad.flatten() for weight in network.model.parameters() if weight.grad is not None])


@pytest.mark.parametrize("kind", ["bert", "llama", "qwen2", "gpt_neox"])
def test_the_flash_kernel_gives_the_gradient_of_padded_rows(
    kind: str, tiny_bert: Path, planted_snapshot: Path, tmp_path: Path
) -> None:
    heads = {"qwen2": {"num_key_value_heads": 2}}.get(kind, {})
    backbone = tiny_bert if kind == "bert" else make_tiny_decoder(tmp_path, kind, **heads)
    network = load_backbone(str(backbone), max_length_tokens=64, device=GPU)
    rows = read_snapshot(planted_snapshot, split="validation")
    comparisons = tokenize(rows, rules=PairRules(), template=network.template).comparisons
    with torch.autocast(GPU, dtype=torch.bfloat16):
        route = choose_route(network, comparisons=comparisons)
    assert route.name == (PACKED if kind == "bert" else SHARED), route.reason
    padded = gradient(network, PaddedRoute(), planted_snapshot)
    assert relative(gradient(network, route, planted_snapshot), padded) < 0.05


@pytest.mark.parametrize("compiled", [False, True])
def test_it_learns_in_bf16_without_padding(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path, compiled: bool
) -> None:
    result = run_training(tmp_path, settings(planted_snapshot, tiny_llama, epochs=8, compile=compiled, **BF16))
    assert result["route"] == SHARED, result["route_reason"]
    assert result["accuracy"] > 0.8
    assert 0 < result["peak_memory_bytes"] < torch.cuda.get_device_properties(0).total_memory


def test_stopped_and_gone_on_with_it_ends_where_an_unharmed_run_does(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    config = settings(planted_snapshot, tiny_llama, device=GPU, dropout=0.1)
    run_training(tmp_path / "whole", config)
    path = make_run(tmp_path / "stopped", **config)
    with StopAfter(path, lines=3) as directory, pytest.raises(Stopped):
        train(directory)
    run_training(path, config)
    assert largest_difference(weights_of(tmp_path / "whole"), weights_of(path)) < 1e-4


def test_a_step_for_which_memory_does_not_suffice_is_done_again_with_less(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scarce = iter([True])
    features = PaddedRoute.features

    def features_after_one_failure(self: PaddedRoute, network: RewardNetwork, comparisons: object) -> torch.Tensor:
        if next(scarce, False):
            torch.empty(2**50, dtype=torch.uint8, device=GPU)
        return features(self, network, comparisons)  # type: ignore[arg-type]

    monkeypatch.setattr(PaddedRoute, "features", features_after_one_failure)
    result = run_training(tmp_path, settings(planted_snapshot, tiny_llama, device=GPU, route="padded"))
    assert result["gradient_checkpointing"]


def test_a_backbone_in_four_bits_learns_and_is_saved_plain(
    planted_snapshot: Path, tiny_llama: Path, tmp_path: Path
) -> None:
    config = settings(
        planted_snapshot, tiny_llama, lora_rank=8, epochs=8, learning_rate=2e-2, quantization="4bit", device=GPU
    )
    assert run_training(tmp_path / "run", config)["accuracy"] > 0.8
