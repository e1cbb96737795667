"""Take a few optimizer steps alone or with others, and write down what came of it. Started by test_parallel.

python -m tests.rewardmodel.one_step OUT SNAPSHOT BACKBONE SHARDING
"""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from preferences.pairs import PairRules
from preferences.snapshot import read_snapshot
from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data.training_set import tokenize
from rewardmodel.core.model import load_backbone
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.training.objective import Objective
from rewardmodel.core.training.parallel import joined
from rewardmodel.core.training.sharding import shard
from rewardmodel.core.training.state import training_tensors
from rewardmodel.core.training.steps import take_step
from rewardmodel.core.training.validation import validate

STEPS = ((0, 7), (7, 8), (8, 21))  # as many as leave shares unequal; one that is too small for two; a large one


def main(out: str, snapshot: str, backbone: str, sharding: str) -> None:
    torch.set_num_threads(1)
    config = TrainConfig(snapshot=snapshot, loss="davidson", max_grad_norm=0.5, precision="fp32")
    with joined("cpu") as processes:
        network = load_backbone(backbone, max_length_tokens=64)
        torch.manual_seed(0)
        for weight in network.model.parameters():
            torch.nn.init.normal_(weight, std=0.1)
        data = tokenize(read_snapshot(snapshot, split="train"), rules=PairRules(ties="half"), template=network.template)
        objective = Objective(config, data.comparisons)
        if sharding == "full":
            shard(network.model, processes)
        parts = torch.nn.ModuleDict({"model": network.model, "objective": objective})
        optimizer = torch.optim.SGD(parts.parameters(), lr=0.5, momentum=0.9)
        figures = [
            take_step(
                network,
                optimizer,
                data.comparisons[start:end],
                objective=objective,
                route=PaddedRoute(),
                config=config,
                tokens_per_batch=200,
                processes=processes,
            )
            for start, end in STEPS
        ]
        checked = validate(network, data, objective, processes=processes)
        assert checked is not None
        tensors = training_tensors(parts, optimizer, keep=processes.is_main)
    if processes.is_main:
        save_file(tensors.weights, Path(out) / "weights.safetensors")
        save_file(tensors.optimizer, Path(out) / "optimizer.safetensors")
        (Path(out) / "figures.json").write_text(json.dumps([*figures, {"validation": checked.loss}]))


if __name__ == "__main__":
    main(*sys.argv[1:])
