"""Trainings of tiny models: what they are told, how they are started and stopped, and what they leave behind."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from rewardmodel.core.run_directory import RunDirectory
from rewardmodel.core.train_reward import train
from tests.rewardmodel.builders import make_run

ROOT = Path(__file__).resolve().parents[2]


def settings(snapshot: Path, backbone: Path, **changes: Any) -> dict[str, Any]:
    return {
        "snapshot": str(snapshot),
        "backbone": str(backbone),
        "epochs": 2,
        "frozen_layers": 0,
        "max_length_tokens": 64,
        "learning_rate": 2e-3,
        "head_learning_rate": 5e-3,
        "precision": "fp32",
        "checkpoint_every_seconds": 1e9,
        **changes,
    }


def run_training(path: Path, config: dict[str, Any]) -> dict[str, Any]:
    with RunDirectory(make_run(path, **config)) as directory:
        return train(directory)


def weights_of(path: Path) -> dict[str, torch.Tensor]:
    return load_file(path / "model" / "model.safetensors")


def largest_difference(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> float:
    assert first.keys() == second.keys()
    return max((first[name] - second[name]).abs().max().item() for name in first)


class StopAfter(RunDirectory):
    """A directory whose supervisor asks to stop once a number of training lines has been written."""

    def __init__(self, path: Path, *, lines: int) -> None:
        super().__init__(path)
        self.lines = lines

    def append_metrics(self, values: Any) -> None:
        super().append_metrics(values)
        self.lines -= values.get("split") == "train"
        self.should_stop = self.lines <= 0


def start_training(path: Path | str, **environment: str) -> subprocess.Popen[bytes]:
    """The child process as a supervisor starts it."""
    return subprocess.Popen(
        [sys.executable, "-m", "rewardmodel.core.train_reward", str(path)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stderr=subprocess.PIPE,
    )


def wait_for_checkpoint(path: Path, *, newer_than: int = 0) -> None:
    """Wait until a checkpoint of a later step lies in the run directory."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if any(int(entry.name[-8:]) > newer_than for entry in (path / "checkpoints").glob("step-*")):
            return
        time.sleep(0.02)
    raise AssertionError(f"no checkpoint after step {newer_than} in {path}")
