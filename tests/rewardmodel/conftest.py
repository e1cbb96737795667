"""Tiny backbones made here, and a snapshot whose preference is planted."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import socket
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.rewardmodel.builders import make_tiny_bert, make_tiny_llama, planted_records


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def planted_snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from preferences.snapshot import write_snapshot

    path = tmp_path_factory.mktemp("snapshot") / "planted.parquet"
    write_snapshot(planted_records(prompts=120, responses=4), path, seed=1, validation=0.15, test=0.2)
    return path


@pytest.fixture
def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def plumbline_home(settings: Settings, tmp_path: Path) -> Path:
    """An empty PLUMBLINE_HOME for one test."""
    settings.PLUMBLINE_HOME = tmp_path / "home"
    settings.PLUMBLINE_HOME.mkdir()
    settings.PLUMBLINE_TORCH_THREADS = 1
    return settings.PLUMBLINE_HOME
