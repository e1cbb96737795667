"""A saved model gives the same rewards again, or refuses to load."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from rewardmodel.core.checkpoint import ModelCard, load_model, read_sidecar, save_model
from rewardmodel.core.errors import BrokenModel
from rewardmodel.core.model import load_backbone
from rewardmodel.core.scorer import RewardScorer, ScoreItem


def save(backbone: Path, directory: Path, *, seed: int = 2, **more: Any) -> Path:
    network = load_backbone(str(backbone), max_length_tokens=64, seed=seed)
    network.model.eval()
    card = ModelCard(
        name="tiny", reads_at=network.reads_at, template=network.template.kind, max_length_tokens=64,
        reward_mean=0.5, reward_std=2.0, temperature=1.5, snapshot_sha256="ab" * 32, **more,
    )  # fmt: skip
    save_model(network, card, directory)
    return directory


@pytest.fixture(params=["bert", "llama"])
def saved(request: pytest.FixtureRequest, tiny_bert: Path, tiny_llama: Path, tmp_path: Path) -> Path:
    return save({"bert": tiny_bert, "llama": tiny_llama}[request.param], tmp_path / "model")


def test_a_saved_model_scores_as_before(saved: Path, tiny_bert: Path, tiny_llama: Path) -> None:
    scorer = RewardScorer.load(saved)
    golden = read_sidecar(saved)["golden"]
    rewards = scorer.score([ScoreItem(pair["prompt"], pair["response"]) for pair in golden])
    assert [reward.reward for reward in rewards] == pytest.approx([pair["reward"] for pair in golden], abs=1e-5)
    assert rewards[0].reward_normalized == pytest.approx((rewards[0].reward - 0.5) / 2)
    assert rewards[0].uncertainty is None
    assert scorer.card.temperature == 1.5


def test_no_item_gives_no_reward(saved: Path) -> None:
    assert RewardScorer.load(saved).score([]) == []


def test_it_is_a_plain_hugging_face_directory(saved: Path) -> None:
    model = AutoModelForSequenceClassification.from_pretrained(saved)
    assert model.config.num_labels == 1
    assert model.config.pad_token_id is not None
    assert sorted(file.suffix for file in saved.iterdir() if file.suffix in (".bin", ".pt", ".pkl")) == []


def test_saving_twice_gives_the_same_digest(tiny_bert: Path, tmp_path: Path) -> None:
    first, second = (save(tiny_bert, tmp_path / name) for name in ("first", "second"))
    assert read_sidecar(first)["digest"] == read_sidecar(second)["digest"]


def test_changed_weights_are_refused(saved: Path) -> None:
    weights = load_file(saved / "model.safetensors")
    name = next(name for name in weights if name.startswith(("classifier", "score")))
    weights[name] = weights[name] + 1e-3
    save_file(weights, saved / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(BrokenModel, match="was changed after the model was saved"):
        load_model(saved)


def test_a_golden_reward_that_is_not_reproduced_is_refused(saved: Path) -> None:
    sidecar = read_sidecar(saved)
    sidecar["golden"][0]["reward"] += 0.01
    (saved / "plumbline.json").write_text(json.dumps(sidecar))
    with pytest.raises(BrokenModel, match="does not reproduce its golden reward"):
        load_model(saved)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"digest": "f" * 64}, "its digest is not that of the files"),
        ({"files": {}}, "its digest is not that of the files"),
        ({"files": None}, "its digest is not that of the files"),
        ({"golden": []}, "no golden texts"),
        ({"golden": [{}]}, "no golden texts"),
        ({"temperature": 0}, "temperature is 0.0; it must be above 0"),
        ({"reward_std": math.nan}, "reward_std is nan"),
        ({"temperature": "warm"}, "cannot be read"),
    ],
)
def test_a_sidecar_that_proves_nothing_is_refused(saved: Path, changes: dict[str, Any], sentence: str) -> None:
    (saved / "plumbline.json").write_text(json.dumps({**read_sidecar(saved), **changes}))
    with pytest.raises(BrokenModel, match=sentence):
        RewardScorer.load(saved)


@pytest.mark.parametrize("content", [b"5", b'"\xff"', b"[" * 100_000, b"{"])
def test_a_sidecar_that_is_no_object_is_refused(saved: Path, content: bytes) -> None:
    (saved / "plumbline.json").write_bytes(content)
    with pytest.raises(BrokenModel, match=r"plumbline\.json"):
        read_sidecar(saved)


def test_a_lost_file_is_named(saved: Path) -> None:
    (saved / "tokenizer.json").unlink()
    with pytest.raises(BrokenModel, match=r"lost its file tokenizer\.json"):
        load_model(saved)


def test_a_directory_without_plumbline_json_is_refused(saved: Path, tmp_path: Path) -> None:
    shutil.copytree(saved, tmp_path / "copy")
    (tmp_path / "copy" / "plumbline.json").unlink()
    with pytest.raises(BrokenModel, match="not a reward model of this platform"):
        load_model(tmp_path / "copy")
