"""Several heads on one backbone: drawn apart, fed apart, put on one scale, and plain on disk."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from rewardmodel.core.checkpoint import ModelCard, load_model, read_sidecar, save_model
from rewardmodel.core.ensembles.ensemble import read_members
from rewardmodel.core.ensembles.heads import (
    mean_over_resamples,
    on_one_scale,
    times_drawn,
    with_heads,
    write_mean_head,
)
from rewardmodel.core.head_bank import HeadBank
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from tests.rewardmodel.builders import WORDS

HEADS = 3


@dataclass(frozen=True)
class Texts:
    """As much of a comparison as resampling looks at."""

    texts: tuple[str, ...]


def network_with_heads(backbone: Path, *, count: int = HEADS, seed: int = 4) -> RewardNetwork:
    network = load_backbone(str(backbone), max_length_tokens=64, seed=seed)
    network.model.eval()
    return with_heads(network, count, seed=seed)


def card_of(network: RewardNetwork) -> ModelCard:
    return ModelCard(
        name="heads", reads_at=network.reads_at, template=network.template.kind, max_length_tokens=64, combine="mean"
    )


def some_texts(count: int = 12) -> list[ScoreItem]:
    return [
        ScoreItem(" ".join(WORDS[n % 5 : n % 5 + 3]), " ".join(WORDS[n % 7 : n % 7 + 1 + n % 9])) for n in range(count)
    ]


def rewards_of(network: RewardNetwork) -> torch.Tensor:
    encoded = network.template.encode([(item.prompt, item.response) for item in some_texts()])
    return read_members((network,), encoded, tokens_per_batch=128)


def test_heads_are_drawn_apart_and_again_alike(tiny_bert: Path) -> None:
    first, again = (network_with_heads(tiny_bert).heads for _ in range(2))
    assert isinstance(first, HeadBank)
    assert isinstance(again, HeadBank)
    assert torch.equal(first.weight, again.weight)
    similarity = torch.corrcoef(first.weight) - torch.eye(HEADS)
    assert similarity.abs().max() < 0.7
    width = first.weight.shape[1]
    assert first.weight.std().item() == pytest.approx((width + 1) ** -0.5, rel=0.3)


def test_a_resample_holds_a_prompt_a_poisson_number_of_times() -> None:
    counts = np.array([[times_drawn(f"prompt {n}", head, seed=1) for n in range(20_000)] for head in range(2)])
    assert counts.mean(axis=1) == pytest.approx(1, abs=0.03)
    assert counts.var(axis=1) == pytest.approx(1, abs=0.05)
    assert (counts == 0).mean() == pytest.approx(np.exp(-1), abs=0.01)
    assert abs(np.corrcoef(counts)[0, 1]) < 0.03


def test_resamples_are_drawn_alike_again_and_apart_for_another_seed() -> None:
    first, again, other = ([times_drawn(f"{n}", 0, seed=seed) for n in range(200)] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_each_head_pays_for_what_its_resample_holds() -> None:
    items = [Texts(("a", "b")), Texts(("c", "d", "e"))]
    rewards = torch.arange(10.0).reshape(5, 2)

    def cost(values: torch.Tensor, drawn: object) -> torch.Tensor:
        return values.square().sum()

    once = mean_over_resamples(cost, rewards[:, :1], items, [[1, 1]])
    assert once.item() == rewards[:, 0].square().sum().item()
    apart = mean_over_resamples(cost, rewards, items, [[2, 0], [0, 1]])
    by_hand = (2 * rewards[:2, 0].square().sum() + rewards[2:, 1].square().sum()) / 2
    assert apart.item() == by_hand.item()
    assert mean_over_resamples(cost, rewards, items, [[0, 0], [0, 0]]).item() == 0


def test_a_head_without_any_item_learns_nothing_from_the_step() -> None:
    rewards = torch.ones(2, 2, requires_grad=True)
    mean_over_resamples(lambda values, _: values.sum(), rewards, [Texts(("a", "b"))], [[0], [1]]).backward()
    assert rewards.grad is not None
    assert rewards.grad.tolist() == [[0, 0.5], [0, 0.5]]


@pytest.mark.parametrize("backbone", ["tiny_bert", "tiny_llama"])
def test_on_one_scale_heads_have_one_mean_and_one_spread(backbone: str, request: pytest.FixtureRequest) -> None:
    network = network_with_heads(request.getfixturevalue(backbone))
    bank = network.heads
    assert isinstance(bank, HeadBank)
    with torch.no_grad():
        bank.weight[1] *= 3
        bank.bias.add_(torch.tensor([0.0, 5.0, -2.0]))
    before = rewards_of(network)
    on_one_scale(bank, before)
    after = rewards_of(network)
    assert torch.allclose(after.mean(dim=0), before.mean().expand(HEADS), atol=1e-4)
    assert torch.allclose(
        after.std(dim=0, correction=0), before.std(dim=0, correction=0).mean().expand(HEADS), atol=1e-4
    )
    for head in range(HEADS):
        assert np.corrcoef(before[:, head], after[:, head])[0, 1] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("backbone", ["tiny_bert", "tiny_llama"])
def test_a_plain_loader_gets_the_mean_of_the_heads(
    backbone: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    network = network_with_heads(request.getfixturevalue(backbone))
    bank = network.heads
    assert isinstance(bank, HeadBank)
    with torch.no_grad():
        bank.bias.add_(torch.tensor([1.0, 5.0, -2.0]))
    write_mean_head(network, bank)
    save_model(network, card_of(network), tmp_path / "model")
    items = some_texts()
    ours = RewardScorer.load(tmp_path / "model").score(items)

    plain = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model").eval()
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "model")
    assert plain.config.num_labels == 1
    assert len(tokenizer) <= plain.get_input_embeddings().num_embeddings
    for item, reward in zip(items, ours, strict=True):
        (text,) = network.template.encode([(item.prompt, item.response)])
        types = {} if text.token_types is None else {"token_type_ids": torch.tensor([text.token_types])}
        with torch.no_grad():
            logits = plain(input_ids=torch.tensor([text.token_ids]), **types).logits
        assert logits.item() == pytest.approx(reward.reward, abs=1e-5)
        assert reward.members is not None
        assert reward.reward == pytest.approx(float(np.mean(reward.members)), abs=1e-5)
        assert reward.uncertainty == pytest.approx(float(np.std(reward.members)), abs=1e-5)


def test_heads_lie_in_a_file_of_their_own_that_plumbline_json_names(tiny_bert: Path, tmp_path: Path) -> None:
    network = network_with_heads(tiny_bert)
    save_model(network, card_of(network), tmp_path / "model")
    sidecar = read_sidecar(tmp_path / "model")
    assert sidecar["heads"] == "heads.safetensors"
    assert "heads.safetensors" in sidecar["files"]
    heads = load_file(tmp_path / "model" / "heads.safetensors")
    assert heads["weight"].shape == (HEADS, 32)
    assert heads["bias"].shape == (HEADS,)
    assert not [name for name in load_file(tmp_path / "model" / "model.safetensors") if "heads" in name]


def test_heads_are_combined_as_the_card_says(tiny_bert: Path, tmp_path: Path) -> None:
    network = network_with_heads(tiny_bert)
    items = some_texts()
    rewards = {}
    for how in ("mean", "minimum", "mean-variance"):
        save_model(network, replace(card_of(network), combine=how, uncertainty_penalty=2.0), tmp_path / how)
        rewards[how] = RewardScorer.load(tmp_path / how).score(items)
    for mean, minimum, careful in zip(*rewards.values(), strict=True):
        assert mean.members == minimum.members
        assert mean.members is not None
        assert mean.uncertainty is not None
        assert minimum.reward == min(mean.members)
        assert careful.reward == pytest.approx(mean.reward - 2 * mean.uncertainty**2, abs=1e-5)


def test_a_loaded_bank_reads_in_float32_whatever_the_backbone_computes_in(tiny_bert: Path, tmp_path: Path) -> None:
    network = network_with_heads(tiny_bert)
    save_model(network, card_of(network), tmp_path / "model")
    loaded = load_model(tmp_path / "model", dtype=torch.bfloat16).network
    assert next(loaded.model.parameters()).dtype == torch.bfloat16
    assert loaded.read(torch.ones(2, 32, dtype=torch.bfloat16)).dtype == torch.float32


def test_weights_and_biases_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be \(H, d\) and \(H,\)"):
        HeadBank(torch.zeros(3, 4), torch.zeros(4))
