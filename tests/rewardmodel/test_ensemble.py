"""Several opinions: how they become one reward, and how an ensemble of networks lies on disk."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from rewardmodel.core.checkpoint import LoadedModel, ModelCard, load_model, read_sidecar, save_ensemble
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.ensembles.ensemble import combine, common_scales, read_members
from rewardmodel.core.errors import BrokenModel
from rewardmodel.core.model import RewardNetwork, load_backbone
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from tests.rewardmodel.test_checkpoint import save
from tests.rewardmodel.test_heads import some_texts

MEMBERS = torch.tensor([[1.0, 3.0, 5.0], [2.0, 2.0, 2.0]])


def saved_ensemble(
    backbone: Path, place: Path, *, how: str = "mean", penalty: float = 0.0, seeds: tuple[int, ...] = (1, 2, 3)
) -> Path:
    """Untrained networks of these seeds as one model, the second of them in the plain place."""
    members = [save(backbone, place / f"member-{seed}", seed=seed) for seed in seeds]
    loaded = [load_model(member) for member in members]
    networks = [each.network for each in loaded]
    encoded = networks[0].template.encode([(item.prompt, item.response) for item in some_texts()])
    rewards = read_members(networks, encoded, tokens_per_batch=256)
    card = replace(
        loaded[0].card,
        name="ensemble",
        combine=how,
        uncertainty_penalty=penalty,
        members=[
            {"directory": f"members/{index}", "digest": each.digest, "factor": scale.factor, "shift": scale.shift}
            for index, (each, scale) in enumerate(zip(loaded, common_scales(rewards), strict=True))
        ],
    )
    save_ensemble(networks, members, card, place / "ensemble", plain=1)
    return place / "ensemble"


def test_members_are_combined_as_computed_by_hand() -> None:
    mean = combine(MEMBERS, how="mean")
    assert mean.reward.tolist() == [3.0, 2.0]
    assert mean.uncertainty is not None
    assert mean.uncertainty.tolist() == pytest.approx([(8 / 3) ** 0.5, 0.0])
    assert combine(MEMBERS, how="minimum").reward.tolist() == [1.0, 2.0]
    careful = combine(MEMBERS, how="mean-variance", uncertainty_penalty=0.75)
    assert careful.reward.tolist() == pytest.approx([3.0 - 0.75 * 8 / 3, 2.0])


def test_the_minimum_is_never_above_the_mean_and_no_penalty_is_the_mean() -> None:
    members = torch.randn(200, 5, generator=torch.Generator().manual_seed(0))
    mean = combine(members, how="mean").reward
    assert (combine(members, how="minimum").reward <= mean).all()
    assert torch.equal(combine(members, how="mean-variance", uncertainty_penalty=0.0).reward, mean)
    assert (combine(members, how="mean-variance", uncertainty_penalty=0.1).reward <= mean).all()


def test_the_order_of_members_means_nothing() -> None:
    members = torch.randn(50, 4, generator=torch.Generator().manual_seed(1)).double()
    for how in ("mean", "minimum", "mean-variance"):
        there = combine(members, how=how, uncertainty_penalty=0.5).reward
        back = combine(members.flip(1), how=how, uncertainty_penalty=0.5).reward
        assert torch.allclose(there, back, atol=1e-12)


def test_a_single_opinion_has_no_uncertainty() -> None:
    alone = combine(MEMBERS[:, :1], how="mean-variance", uncertainty_penalty=3.0)
    assert alone.reward.tolist() == [1.0, 2.0]
    assert alone.uncertainty is None


@pytest.mark.parametrize(("members", "how"), [(torch.ones(3), "mean"), (torch.ones(3, 0), "mean"), (MEMBERS, "vote")])
def test_what_cannot_be_combined_is_refused(members: torch.Tensor, how: str) -> None:
    with pytest.raises(ValueError, match=r"members must have shape|no way to combine"):
        combine(members, how=how)


def test_on_one_scale_members_share_mean_and_spread_and_keep_their_order() -> None:
    draw = torch.Generator().manual_seed(3)
    rewards = torch.randn(400, 3, generator=draw) * torch.tensor([0.5, 1.0, 3.0]) + torch.tensor([10.0, 0.0, -4.0])
    scales = common_scales(rewards)
    scaled = torch.stack([rewards[:, i] * scale.factor + scale.shift for i, scale in enumerate(scales)], dim=1)
    assert torch.allclose(scaled.mean(dim=0), rewards.mean().expand(3), atol=1e-4)
    spread = rewards.std(dim=0, correction=0).mean()
    assert torch.allclose(scaled.std(dim=0, correction=0), spread.expand(3), atol=1e-4)
    assert all(scale.factor > 0 for scale in scales)


def test_a_member_that_gives_every_text_the_same_reward_keeps_its_spread() -> None:
    scale = common_scales(torch.tensor([[1.0, 7.0], [3.0, 7.0]]))[1]
    assert scale.factor == 1
    assert scale.shift == pytest.approx(4.5 - 7.0)


@pytest.mark.parametrize("how", ["mean", "minimum", "mean-variance"])
def test_a_loaded_ensemble_combines_what_its_members_say(how: str, tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path, how=how, penalty=0.4)
    items = some_texts()
    scales = read_sidecar(place)["members"]
    alone = [RewardScorer.load(place / member["directory"]).score(items) for member in scales]
    for index, reward in enumerate(RewardScorer.load(place).score(items)):
        said = torch.tensor(
            [each[index].reward * scale["factor"] + scale["shift"] for each, scale in zip(alone, scales, strict=True)]
        )
        assert reward.members == pytest.approx(said.tolist(), abs=1e-5)
        expected = combine(said[None], how=how, uncertainty_penalty=0.4)
        assert expected.uncertainty is not None
        assert reward.reward == pytest.approx(expected.reward.item(), abs=1e-5)
        assert reward.uncertainty == pytest.approx(expected.uncertainty.item(), abs=1e-5)


def test_equal_members_never_disagree(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path, seeds=(5, 5))
    alone = RewardScorer.load(place / "members" / "0").score(some_texts())
    for together, single in zip(RewardScorer.load(place).score(some_texts()), alone, strict=True):
        assert together.uncertainty == pytest.approx(0, abs=1e-6)
        assert together.reward == pytest.approx(single.reward, abs=1e-5)


def test_a_plain_loader_finds_one_of_the_members(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path)
    plain = AutoModelForSequenceClassification.from_pretrained(place)
    member = AutoModelForSequenceClassification.from_pretrained(place / "members" / "1")
    for (name, weight), other in zip(plain.state_dict().items(), member.state_dict().values(), strict=True):
        assert torch.equal(weight, other), name


def test_golden_rewards_are_those_of_the_members_together(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path, how="minimum")
    golden = read_sidecar(place)["golden"]
    rewards = RewardScorer.load(place).score([ScoreItem(pair["prompt"], pair["response"]) for pair in golden])
    assert [reward.reward for reward in rewards] == pytest.approx([pair["reward"] for pair in golden], abs=1e-5)


def test_another_rule_does_not_reproduce_the_golden_rewards(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path, how="minimum")
    sidecar = read_sidecar(place)
    (place / "plumbline.json").write_text(json.dumps({**sidecar, "combine": "mean"}))
    with pytest.raises(BrokenModel, match="does not reproduce its golden reward"):
        load_model(place)


def test_a_changed_member_is_refused_by_name(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path)
    file = place / "members" / "2" / "model.safetensors"
    weights = load_file(file)
    name = next(name for name in weights if name.startswith("classifier"))
    file.unlink()  # it is linked to the file that it was made of
    save_file({**weights, name: weights[name] + 1e-3}, file, metadata={"format": "pt"})
    with pytest.raises(BrokenModel, match=r"members/2/model\.safetensors was changed"):
        load_model(place)


def test_a_lost_member_is_refused_by_name(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path)
    (place / "members" / "0" / "plumbline.json").unlink()
    with pytest.raises(BrokenModel, match=r"lost its file members/0/plumbline\.json"):
        load_model(place)


def test_a_member_outside_of_the_directory_is_refused(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path)
    sidecar = read_sidecar(place)
    sidecar["members"][0]["directory"] = "../member-1"
    (place / "plumbline.json").write_text(json.dumps(sidecar))
    with pytest.raises(BrokenModel, match="no place for one"):
        load_model(place)


def test_members_that_read_texts_differently_are_refused(tiny_bert: Path, tiny_llama: Path, tmp_path: Path) -> None:
    members = [save(backbone, tmp_path / backbone.name) for backbone in (tiny_bert, tiny_llama)]
    loaded = [load_model(member) for member in members]
    places = [{"directory": f"members/{index}", "factor": 1.0, "shift": 0.0} for index in range(2)]
    card = replace(loaded[0].card, combine="mean", members=places)
    save_ensemble([each.network for each in loaded[:1]] * 2, members, card, tmp_path / "mixed", plain=0)
    with pytest.raises(BrokenModel, match="lay texts out differently"):
        load_model(tmp_path / "mixed")


def test_an_ensemble_is_digested_with_its_members(tiny_bert: Path, tmp_path: Path) -> None:
    first = saved_ensemble(tiny_bert, tmp_path / "first")
    again = saved_ensemble(tiny_bert, tmp_path / "again")
    other = saved_ensemble(tiny_bert, tmp_path / "other", seeds=(1, 2, 4))
    assert read_sidecar(first)["digest"] == read_sidecar(again)["digest"] != read_sidecar(other)["digest"]
    assert "members/0/model.safetensors" in read_sidecar(first)["files"]


def test_no_text_gives_no_opinion(tiny_bert: Path, tmp_path: Path) -> None:
    place = saved_ensemble(tiny_bert, tmp_path)
    assert RewardScorer.load(place).score([]) == []
    card = ModelCard("single", "pooled", "sentence-pair", 64)
    single = LoadedModel((load_model(place / "members" / "0").network,), card, "")
    assert single.opinions([], tokens_per_batch=64).reward.shape == (0,)


def test_a_text_that_occurs_twice_is_read_once(tiny_bert: Path) -> None:
    class CountingRoute(PaddedRoute):
        read = 0

        def text_features(self, network: RewardNetwork, texts: Sequence[EncodedText]) -> torch.Tensor:
            CountingRoute.read += len(texts)
            return super().text_features(network, texts)

    network = load_backbone(str(tiny_bert), max_length_tokens=64)
    items = [(item.prompt, item.response) for item in some_texts(3)]
    first, second, third = network.template.encode(items)
    texts = [second, first, second, third, first, second]
    found = read_members((network,), texts, tokens_per_batch=64, routes=[CountingRoute()])
    alone = [read_members((network,), [text], tokens_per_batch=64) for text in texts]
    torch.testing.assert_close(found, torch.cat(alone), atol=1e-5, rtol=0)
    assert CountingRoute.read == 3
