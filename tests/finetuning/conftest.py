"""A tiny policy made here, from conversations whose preference is planted."""

import json
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import pytest

from tests.rewardmodel.builders import planted_records
from tests.rewardmodel.conftest import free_port, plumbline_home, tiny_bert

__all__ = ["free_port", "plumbline_home", "tiny_bert"]

TINY_BASE: dict[str, Any] = {
    "vocabulary_size": 320,
    "hidden_size": 32,
    "layers": 1,
    "heads": 2,
    "intermediate_size": 64,
    "window_tokens": 160,
    "max_chat_tokens": 96,
    "steps": 80,
    "tokens_per_step": 512,
    "precision": "fp32",
    "device": "cpu",
}


def run_in(path: Path, config: dict[str, Any], work: Any) -> dict[str, Any]:
    """Do a child's work in this process, in a run directory with this config."""
    from rewardmodel.core.run_directory import RunDirectory

    path.mkdir(parents=True, exist_ok=True)
    (path / "config.json").write_text(json.dumps(config))
    with RunDirectory(path) as directory:
        return dict(work(directory))


def metrics_of(path: Path) -> list[dict[str, Any]]:
    """The lines of metrics.jsonl that hold figures."""
    lines = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if "step" in line]


@pytest.fixture(scope="session")
def planted_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Comparisons as a snapshot: good answers say "good", bad ones "bad"."""
    from preferences.snapshot import write_snapshot

    path = tmp_path_factory.mktemp("planted") / "planted.parquet"
    write_snapshot(planted_records(prompts=60, responses=4), path, seed=1, validation=0.1, test=0.2)
    return path


@pytest.fixture(scope="session")
def tiny_policy(tmp_path_factory: pytest.TempPathFactory, planted_file: Path) -> Path:
    """The directory of a base policy that has learned to say "good" and "bad" alike."""
    from finetuning.core.make_base import make_base

    path = tmp_path_factory.mktemp("base")
    run_in(path, {"corpus": [str(planted_file)], **TINY_BASE}, make_base)
    return path / "policy"
