"""A GPU computes while its processor prepares what comes next; whatever waits for it leaves it idle.

Shown on tensors without values ("meta"), which no processor reads: what reads one, or is sent without being left to
its own time, would wait for a GPU.
"""

from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from preferences.orders import Order
from preferences.pairs import Pair
from preferences.ratings import Rating
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.config.compute import PACKED, SHARED
from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.ensembles.ensemble import read_members
from rewardmodel.core.ensembles.heads import with_heads
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.routes.attention import attend_by_segments
from rewardmodel.core.routes.segmented import SegmentedRoute
from rewardmodel.core.training.objective import Objective
from rewardmodel.core.training.steps import take_step

GPU, CPU = torch.device("meta"), torch.device("cpu")
COPY = (torch.ops.aten._to_copy, torch.ops.aten.to)


class Waits(TorchDispatchMode):
    """Counts copies that would wait for the GPU; all that is read there is 1."""

    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        is_copy = func.overloadpacket in COPY
        source, target = (args[0].device, kwargs.get("device") or args[0].device) if is_copy else (None, None)
        if (source, target) == (GPU, CPU):
            self.found["read"] += 1
            return torch.ones(args[0].shape, dtype=args[0].dtype)
        if (source, target) == (CPU, GPU) and not kwargs.get("non_blocking"):
            self.found["sent"] += 1
        return func(*args, **kwargs)


@pytest.fixture
def network(tiny_llama: Path, monkeypatch: pytest.MonkeyPatch) -> RewardNetwork:
    monkeypatch.setattr(torch, "autocast", lambda **_: nullcontext())  # it knows no such device
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda _: False)
    network = load_backbone(str(tiny_llama), max_length_tokens=64)
    attend_by_segments(network.model)
    network.model.to(GPU)
    return network


def comparisons_of(network: RewardNetwork) -> list[TokenizedComparison]:
    texts = network.template.encode([("how do i boil an egg", response) for response in ("good", "bad", "wow")])
    pairs = (Pair(better=0, worse=1, margin=0.0, weight=1.0), Pair(better=1, worse=2, margin=0.0, weight=1.0))
    ratings = tuple(Rating(text, "helpful", float(text), 1.0) for text in range(3))
    orders = (Order(((0,), (1,), (2,)), 1.0),)
    return [TokenizedComparison("c", str(prompt), tuple(texts), pairs, orders, ratings) for prompt in range(3)]


@pytest.mark.parametrize("route", [PACKED, SHARED])
@pytest.mark.parametrize("loss", ["bradley-terry", "rao-kupper", "plackett-luce", "regression"])
@pytest.mark.parametrize("heads", [1, 3])
def test_however_many_passes_a_step_has_it_waits_for_the_gpu_once(
    network: RewardNetwork, route: str, loss: str, heads: int
) -> None:
    comparisons = comparisons_of(network)
    config = TrainConfig(snapshot="-", loss=loss, precision="fp32", centering=0.1)
    objective = Objective(config, comparisons).to(GPU)
    if heads > 1:
        network = with_heads(network, heads, seed=0)
    with Waits() as waits:
        take_step(
            network,
            torch.optim.SGD([*network.model.parameters(), *objective.parameters()], lr=0.1),
            comparisons,
            objective=objective,
            route=SegmentedRoute(route),
            config=config,
            tokens_per_batch=1,
        )
    assert waits.found == {"read": 1}


@pytest.mark.parametrize("route", [PACKED, SHARED])
def test_however_many_batches_are_scored_they_are_read_at_once(network: RewardNetwork, route: str) -> None:
    texts = [text for comparison in comparisons_of(network) for text in comparison.texts]
    with Waits() as waits:
        rewards = read_members((network,), texts, tokens_per_batch=1, routes=[SegmentedRoute(route)])
    assert rewards.shape == (len(texts), 1)
    assert waits.found == {"read": 1}
