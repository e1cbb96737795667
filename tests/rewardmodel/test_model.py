"""The reward depends on the text alone: not on the batch, the padding, or which token pads."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from rewardmodel.core.config import TrainConfig
from rewardmodel.core.data.batches import pad
from rewardmodel.core.ensembles.ensemble import read_members
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.model import RewardNetwork, freeze_lower_layers, load_backbone
from rewardmodel.core.training.trainable import adapt
from tests.rewardmodel.builders import make_tiny_encoder

ITEMS = [
    ("how do i boil an egg", "for eight minutes in water"),
    ("how do i boil an egg", "good"),
    ("how", "bad bad bad cool it slowly now wow good bad plain blue red and for eight minutes in water"),
    ("", ""),
]


@pytest.fixture(params=["bert", "llama"])
def network(request: pytest.FixtureRequest, tiny_bert: Path, tiny_llama: Path) -> RewardNetwork:
    network = load_backbone(str({"bert": tiny_bert, "llama": tiny_llama}[request.param]), max_length_tokens=64, seed=3)
    network.model.eval()
    return network


def rewards(network: RewardNetwork, items: list[tuple[str, str]]) -> torch.Tensor:
    texts = network.template.encode(items)
    with torch.inference_mode():
        return network.rewards(pad(texts, pad_token_id=int(network.model.config.pad_token_id)))


def test_a_reward_is_the_same_alone_and_in_a_batch(network: RewardNetwork) -> None:
    together = rewards(network, ITEMS)
    alone = torch.cat([rewards(network, [item]) for item in ITEMS])
    assert (together - alone).abs().max() < 1e-5
    assert alone.unique().numel() == len(ITEMS)


def test_drawing_a_head_leaves_the_gpus_of_others_alone(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[int] = []
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 8)
    monkeypatch.setattr(torch.cuda, "get_rng_state", touched.append)
    monkeypatch.setattr(torch.cuda, "set_rng_state", lambda _state, _device: None)
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    adapt(network.model, TrainConfig(snapshot="-", lora_rank=2))
    assert touched == []


@pytest.mark.parametrize("tokens_per_batch", [1, 40, 10_000])
def test_a_reward_is_the_same_however_texts_are_batched(network: RewardNetwork, tokens_per_batch: int) -> None:
    scored = read_members((network,), network.template.encode(ITEMS), tokens_per_batch=tokens_per_batch)[:, 0].tolist()
    assert scored == pytest.approx(rewards(network, ITEMS).tolist(), abs=1e-5)


def test_what_the_padding_holds_does_not_matter(network: RewardNetwork) -> None:
    texts = network.template.encode(ITEMS)
    with torch.inference_mode():
        usual = network.rewards(pad(texts, pad_token_id=int(network.model.config.pad_token_id)))
        other = network.rewards(pad(texts, pad_token_id=5))
    assert (usual - other).abs().max() < 1e-5


def test_padding_never_is_end_of_text(network: RewardNetwork) -> None:
    tokenizer = network.template.tokenizer
    assert tokenizer.pad_token_id is not None
    assert tokenizer.pad_token_id != tokenizer.eos_token_id
    assert network.model.config.pad_token_id == tokenizer.pad_token_id


def test_a_decoder_is_read_at_its_last_attended_token(tiny_llama: Path) -> None:
    network = load_backbone(str(tiny_llama), max_length_tokens=64)
    (text,) = network.template.encode([ITEMS[0]])
    assert text.token_ids[-1] == network.template.tokenizer.eos_token_id
    with torch.inference_mode():
        hidden = network.model.base_model(torch.tensor([text.token_ids])).last_hidden_state[0, -1]
        expected = network.head.weight[0] @ hidden
    assert rewards(network, [ITEMS[0]]).item() == pytest.approx(expected.item(), abs=1e-5)


def test_the_head_starts_small_and_from_the_seed(tiny_bert: Path) -> None:
    heads = [load_backbone(str(tiny_bert), max_length_tokens=64, seed=seed).head for seed in (0, 0, 1)]
    assert torch.equal(heads[0].weight, heads[1].weight)
    assert not torch.equal(heads[0].weight, heads[2].weight)
    assert heads[0].weight.std().item() == pytest.approx(33**-0.5, rel=0.3)
    assert heads[0].bias.abs().max() == 0


def test_the_head_reads_features_and_rewards_are_its_first_column(network: RewardNetwork) -> None:
    batch = pad(network.template.encode(ITEMS), pad_token_id=int(network.model.config.pad_token_id))
    with torch.inference_mode():
        features = network.features(batch)
        by_hand = features @ network.head.weight.T + (0 if network.head.bias is None else network.head.bias)
        assert features.shape == (len(ITEMS), network.head.in_features)
        assert torch.allclose(network.read(features), by_hand, atol=1e-6)
        assert torch.equal(network.rewards(batch), network.read(features)[:, 0])


def test_features_of_an_encoder_are_what_its_own_head_is_given(tiny_bert: Path) -> None:
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    network.model.eval()
    batch = pad(network.template.encode(ITEMS), pad_token_id=0)
    with torch.inference_mode():
        types = batch.token_type_ids
        whole = network.model(input_ids=batch.input_ids, attention_mask=batch.attention_mask, token_type_ids=types)
        assert torch.allclose(network.rewards(batch), whole.logits[:, 0], atol=1e-6)


def test_a_bank_of_heads_reads_the_same_features(tiny_llama: Path) -> None:
    network = load_backbone(str(tiny_llama), max_length_tokens=64)
    batch = pad(network.template.encode(ITEMS), pad_token_id=int(network.model.config.pad_token_id))
    bank = replace(network, heads=torch.nn.Linear(network.head.in_features, 3))
    with torch.inference_mode():
        read = bank.read(bank.features(batch))
        assert read.shape == (len(ITEMS), 3)
        assert torch.equal(bank.rewards(batch), read[:, 0])


def test_the_head_computes_in_float32_under_autocast(network: RewardNetwork) -> None:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = rewards(network, ITEMS)
    assert low.dtype == torch.float32
    assert not torch.equal(low, low.bfloat16().float())


def test_frozen_layers_beyond_the_model_are_refused(tiny_bert: Path) -> None:
    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    with pytest.raises(InvalidConfig, match="has 2 layers"):
        freeze_lower_layers(network.model, 3)


def test_a_window_longer_than_the_model_is_refused(tiny_bert: Path) -> None:
    with pytest.raises(InvalidConfig, match="at most 128 tokens"):
        load_backbone(str(tiny_bert), max_length_tokens=129)


@pytest.mark.parametrize("kind", ["roberta", "xlm-roberta", "mpnet", "camembert", "data2vec-text"])
def test_positions_that_begin_past_padding_leave_fewer_for_the_window(tmp_path: Path, kind: str) -> None:
    path = str(make_tiny_encoder(tmp_path, kind, pad_token_id=1))
    with pytest.raises(InvalidConfig, match="at most 128 tokens") as refused:
        load_backbone(path, max_length_tokens=129)
    assert refused.value.field == "max_length_tokens"
    network = load_backbone(path, max_length_tokens=128)
    assert rewards(network, [("good " * 99, "bad " * 99)]).isfinite().all()


def test_a_backbone_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="neither minilm nor a directory") as refused:
        load_backbone(str(tmp_path), max_length_tokens=64)
    assert refused.value.field == "backbone"


def changed(path: Path, **values: Any) -> None:
    (path / "config.json").write_text(json.dumps({**json.loads((path / "config.json").read_text()), **values}))


def shortened(path: Path) -> None:
    (path / "model.safetensors").write_bytes((path / "model.safetensors").read_bytes()[:3000])


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: (path / "config.json").write_text("{"),
        lambda path: (path / "config.json").write_text("{}"),
        lambda path: changed(path, model_type="unheard-of"),
        lambda path: changed(path, model_type="t5"),
        lambda path: changed(path, hidden_size=64),
        lambda path: (path / "model.safetensors").unlink(),
        shortened,
        lambda path: (path / "tokenizer.json").write_text('{"a": 1}'),
    ],
)
def test_a_broken_backbone_is_refused_by_name(tiny_bert: Path, tmp_path: Path, harm: Callable[[Path], None]) -> None:
    path = shutil.copytree(tiny_bert, tmp_path / "broken")
    harm(path)
    with pytest.raises(InvalidConfig, match="cannot be loaded as a sequence classifier") as refused:
        load_backbone(str(path), max_length_tokens=64)
    assert refused.value.field == "backbone"


def test_a_backbone_without_a_tokenizer_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    path = shutil.copytree(tiny_bert, tmp_path / "mute", ignore=shutil.ignore_patterns("tokenizer*"))
    with pytest.raises(InvalidConfig, match="has no tokenizer") as refused:
        load_backbone(str(path), max_length_tokens=64)
    assert refused.value.field == "backbone"


def test_the_installed_encoder_scores_the_same_alone_and_in_a_batch() -> None:
    network = load_backbone("minilm", max_length_tokens=128)
    network.model.eval()
    items = [("How do I boil an egg?", "Eight minutes."), ("대한민국의 수도는?", "서울입니다. " * 30)]
    together = rewards(network, items)
    alone = torch.cat([rewards(network, [item]) for item in items])
    assert (together - alone).abs().max() < 1e-5
