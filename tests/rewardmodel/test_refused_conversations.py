"""Backbones whose chat template refuses some conversations: what they can read is trained on, the rest is counted."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from preferences.records import ComparisonRecord, Message
from preferences.snapshot import write_snapshot
from rewardmodel.core.checkpoint import GOLDEN_TEXTS
from rewardmodel.core.data.training_set import REFUSED
from rewardmodel.core.scorer import RewardScorer
from tests.rewardmodel.builders import CHOOSY, make_tiny_llama, planted_records
from tests.rewardmodel.trainings import run_training, settings


def with_system_message(record: ComparisonRecord) -> ComparisonRecord:
    return replace(record, prompt=(Message(role="system", content="Be kind."), *record.prompt))


@pytest.fixture
def choosy(tmp_path: Path) -> Path:
    """A decoder whose chat template refuses system messages."""
    path = make_tiny_llama(tmp_path / "choosy")
    tokenizer = AutoTokenizer.from_pretrained(path)
    tokenizer.chat_template = CHOOSY
    tokenizer.save_pretrained(path)
    return path


def test_a_model_is_trained_saved_and_evaluated_on_what_its_template_takes(choosy: Path, tmp_path: Path) -> None:
    records = [
        with_system_message(one) if number % 4 == 0 else one
        for number, one in enumerate(planted_records(prompts=48, responses=3))
    ]
    write_snapshot(records, tmp_path / "some.parquet", validation=0.2, test=0.3)
    result = run_training(tmp_path / "run", settings(tmp_path / "some.parquet", choosy, epochs=1))
    parts = [*result["data"].values(), result]
    assert [sum(part["left_out"].values()) + part["comparisons"] for part in parts] == [part["rows"] for part in parts]
    assert sum(part["rows"] for part in parts) == 48
    assert sum(part["left_out"][REFUSED] for part in parts) == 12
    assert {reason for part in parts for reason in part["left_out"]} == {REFUSED}
    sidecar = json.loads((tmp_path / "run/model/plumbline.json").read_text())
    assert len(sidecar["golden"]) == len(GOLDEN_TEXTS) - 1
    assert RewardScorer.load(tmp_path / "run/model", device="cpu").digest == result["digest"]
