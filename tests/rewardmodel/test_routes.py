"""Whatever way texts go through a backbone, features, rewards and gradients are the same."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from preferences.pairs import Pair
from rewardmodel.core.config.compute import PACKED, SHARED
from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.losses.bradley_terry import bradley_terry_loss
from rewardmodel.core.model import RewardNetwork, freeze_lower_layers, load_backbone
from rewardmodel.core.routes.attention import SEGMENTED, attend_by_segments
from rewardmodel.core.routes.choose import choose_route
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.routes.route import Route
from rewardmodel.core.routes.segmented import SegmentedRoute
from rewardmodel.core.training.objective import pair_batch
from tests.rewardmodel.builders import make_tiny_decoder, make_tiny_encoder

PROMPT = "how do i boil an egg for eight minutes in water and cool it slowly"
NINE = ["good", "good good", "good bad", "", "b", "good bad wow plain blue red now", "bad", "wow now", "red blue plain"]

DECODERS: dict[str, dict[str, Any]] = {
    "llama": {},
    "qwen2": {"num_key_value_heads": 2},
    "gpt_neox": {},
    "mistral": {"num_key_value_heads": 2, "sliding_window": 256},
}


@pytest.fixture(scope="module")
def backbones(tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path) -> dict[str, Path]:
    made = {kind: make_tiny_decoder(tmp_path_factory.mktemp(kind), kind, **more) for kind, more in DECODERS.items()}
    return {**made, "bert": tiny_bert, "roberta": make_tiny_encoder(tmp_path_factory.mktemp("roberta"), "roberta")}


def spread_out(backbone: Path, *, max_length_tokens: int = 100) -> RewardNetwork:
    """A network whose weights are large enough for rewards to differ, attending by segments."""
    network = load_backbone(str(backbone), max_length_tokens=max_length_tokens)
    torch.manual_seed(0)
    for name, weight in network.model.named_parameters():
        nn.init.normal_(weight, mean=float("norm" in name.lower() and name.endswith("weight")), std=0.2)
    attend_by_segments(network.model)
    return network


@pytest.fixture(params=[*DECODERS, "bert", "roberta"])
def network(request: pytest.FixtureRequest, backbones: dict[str, Path]) -> RewardNetwork:
    return spread_out(backbones[request.param])


@pytest.fixture(params=DECODERS)
def decoder(request: pytest.FixtureRequest, backbones: dict[str, Path]) -> RewardNetwork:
    return spread_out(backbones[request.param])


def routes_of(network: RewardNetwork) -> list[Route]:
    names = (PACKED,) if network.reads_at == "pooled" else (PACKED, SHARED)
    return [SegmentedRoute(name) for name in names]


def comparison(network: RewardNetwork, prompt: str, responses: Sequence[str]) -> TokenizedComparison:
    """Responses ranked as given, best first: all pairs."""
    texts = tuple(network.template.encode([(prompt, response) for response in responses]))
    pairs = tuple(
        Pair(better=better, worse=worse, margin=0.0, weight=1.0)
        for better, worse in combinations(range(len(responses)), 2)
    )
    return TokenizedComparison(prompt, prompt, texts, pairs)


def gold(network: RewardNetwork) -> list[TokenizedComparison]:
    """Nine responses, two of them, one above the budget, prompts cut to different lengths, the same text twice."""
    return [
        comparison(network, PROMPT, NINE),
        comparison(network, "how", ["good", "bad"]),
        comparison(network, PROMPT * 2, ["good " * 30, "good " * 29 + "bad", "bad", "slowly " * 12]),
        comparison(network, PROMPT + " now", ["good", "good", "bad"]),
        comparison(network, "", ["", "good"]),
    ]


def gradient(network: RewardNetwork, rewards: Callable[[], Tensor], comparisons: list[TokenizedComparison]) -> Tensor:
    """The whole gradient of the loss over these comparisons, as one vector."""
    network.model.zero_grad()
    found, pair = rewards(), pair_batch(comparisons)
    bradley_terry_loss(found[pair.better], found[pair.worse]).backward()
    return torch.cat([weight.grad.flatten() for weight in network.model.parameters() if weight.grad is not None])


def relative(found: Tensor, expected: Tensor) -> float:
    return ((found - expected).norm() / expected.norm()).item()


def test_features_and_rewards_are_the_same_on_every_route(network: RewardNetwork) -> None:
    comparisons = gold(network)
    expected = PaddedRoute().features(network, comparisons)
    rewards = PaddedRoute().rewards(network, comparisons)
    assert rewards.std() > 0.01
    for route in routes_of(network):
        found = route.features(network, comparisons)
        assert found.dtype == torch.float32
        assert (found - expected).abs().max() < 1e-5
        assert (route.rewards(network, comparisons) - rewards).abs().max() < 1e-5


def test_a_text_gets_the_same_reward_whatever_shares_its_row(network: RewardNetwork) -> None:
    comparisons = gold(network)
    for route in routes_of(network):
        with torch.no_grad():
            together = route.rewards(network, comparisons)
            backwards = torch.cat([route.rewards(network, [one]) for one in reversed(comparisons)])
            alone = torch.cat([route.text_features(network, [text]) for one in comparisons for text in one.texts])
        starts = [part for one in reversed(comparisons) for part in [len(one.texts)]]
        assert (torch.cat(list(reversed(backwards.split(starts)))) - together).abs().max() < 1e-5
        assert (network.read(alone)[:, 0] - together).abs().max() < 1e-5


def test_shared_prompts_packed_texts_padded_rows_and_single_pairs_have_one_gradient(network: RewardNetwork) -> None:
    whole = comparison(network, PROMPT, NINE)
    expected = gradient(network, partial(PaddedRoute().rewards, network, [whole]), [whole])
    for route in routes_of(network):
        found = gradient(network, partial(route.rewards, network, [whole]), [whole])
        assert relative(found, expected) < 1e-5
    pairs = [
        replace(
            whole,
            texts=(whole.texts[pair.better], whole.texts[pair.worse]),
            pairs=(replace(pair, better=0, worse=1),),
        )
        for pair in whole.pairs
    ]
    single = torch.stack([gradient(network, partial(PaddedRoute().rewards, network, [one]), [one]) for one in pairs])
    assert len(pairs) == 36
    assert relative(single.mean(dim=0), expected) < 1e-5


def test_the_gradient_of_mixed_comparisons_is_the_same_on_every_route(network: RewardNetwork) -> None:
    comparisons = gold(network)
    expected = gradient(network, partial(PaddedRoute().rewards, network, comparisons), comparisons)
    for route in routes_of(network):
        found = gradient(network, partial(route.rewards, network, comparisons), comparisons)
        assert relative(found, expected) < 1e-5


def test_gradients_agree_with_frozen_layers_and_low_rank_updates(decoder: RewardNetwork) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    comparisons = gold(decoder)
    freeze_lower_layers(decoder.model, 1)
    targets = ["query_key_value"] if decoder.model.config.model_type == "gpt_neox" else ["q_proj", "v_proj"]
    inject_adapter_in_model(LoraConfig(r=2, target_modules=targets, init_lora_weights=False), decoder.model)
    assert any("lora" in name for name, weight in decoder.model.named_parameters() if weight.requires_grad)
    expected = gradient(decoder, partial(PaddedRoute().rewards, decoder, comparisons), comparisons)
    for route in routes_of(decoder):
        found = gradient(decoder, partial(route.rewards, decoder, comparisons), comparisons)
        assert relative(found, expected) < 1e-5
    assert all(weight.grad is None for weight in decoder.model.parameters() if not weight.requires_grad)


def test_gradient_checkpointing_computes_the_same_gradient(decoder: RewardNetwork) -> None:
    comparisons = gold(decoder)
    decoder.model.train()
    plain = gradient(decoder, partial(SegmentedRoute(SHARED).rewards, decoder, comparisons), comparisons)
    decoder.model.gradient_checkpointing_enable()
    again = gradient(decoder, partial(SegmentedRoute(SHARED).rewards, decoder, comparisons), comparisons)
    assert relative(again, plain) < 1e-6


def test_a_shared_prompt_is_counted_once(decoder: RewardNetwork) -> None:
    nine = comparison(decoder, PROMPT, NINE)
    prompt = len(decoder.template.encode([(PROMPT, "")])[0].token_ids) - 1
    padded, packed, shared = (
        route.cost(nine.texts) for route in (PaddedRoute(), SegmentedRoute(PACKED), SegmentedRoute(SHARED))
    )
    assert padded == 9 * nine.longest
    assert packed == nine.tokens
    assert shared <= packed - 8 * prompt


@pytest.mark.parametrize("tokens", [1, 150, 400, 100_000])
def test_passes_keep_comparisons_whole_and_within_the_budget(decoder: RewardNetwork, tokens: int) -> None:
    comparisons = gold(decoder) * 3
    for route in (PaddedRoute(), *routes_of(decoder)):
        passes = route.passes(comparisons, tokens=tokens)
        assert sorted(map(id, (one for group in passes for one in group))) == sorted(map(id, comparisons))
        for group in passes:
            assert len(group) == 1 or route.cost([text for one in group for text in one.texts]) <= tokens
        if tokens == 1:
            assert len(passes) == len(comparisons)
    assert len(SegmentedRoute(SHARED).passes(comparisons, tokens=400)) <= len(
        PaddedRoute().passes(comparisons, tokens=400)
    )


def test_auto_shares_prompts_in_decoders_and_packs_encoders(network: RewardNetwork) -> None:
    route = choose_route(network, comparisons=gold(network))
    assert route.name == (PACKED if network.reads_at == "pooled" else SHARED)
    assert "% of the tokens of padded rows" in route.reason
    if network.reads_at == "pooled":
        assert "an encoder's prompt sees the response" in route.reason


def test_a_wanted_route_is_taken_and_an_unknown_one_refused(decoder: RewardNetwork) -> None:
    for name in ("padded", PACKED, SHARED):
        route = choose_route(decoder, wanted=name, comparisons=gold(decoder))
        assert route.name == name
        assert route.reason.startswith("as wanted")
    with pytest.raises(InvalidConfig, match="must be one of auto, padded, packed, shared"):
        choose_route(decoder, wanted="fast", comparisons=gold(decoder))


def test_an_encoder_that_is_told_to_share_packs_and_says_why(backbones: dict[str, Path]) -> None:
    network = spread_out(backbones["bert"])
    route = choose_route(network, wanted=SHARED, comparisons=gold(network))
    assert route.name == PACKED
    assert "shared is not possible: an encoder's prompt sees the response" in route.reason


@pytest.mark.parametrize(
    ("kind", "more", "reason"),
    [
        ("mistral", {"sliding_window": 16, "num_key_value_heads": 2}, "its attention sees 16 tokens"),
        ("qwen3_next", {"num_key_value_heads": 2, "head_dim": 8}, "linear_attention, which read across texts"),
        ("bloom", {}, "takes no positions"),
        ("gemma2", {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 256}, "by 'eager', in a way of its own"),
        (
            "gpt_oss",
            {"num_key_value_heads": 2, "head_dim": 8, "sliding_window": 256},
            "by 'eager', in a way of its own",
        ),
    ],
)
def test_a_model_that_reads_across_texts_stays_padded_and_says_why(
    kind: str, more: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    network = load_backbone(str(make_tiny_decoder(tmp_path, kind, **more)), max_length_tokens=64)
    route = choose_route(network, comparisons=gold(network))
    assert route.name == "padded"
    assert reason in route.reason


def test_an_encoder_that_pools_in_a_way_of_its_own_stays_padded(tmp_path: Path) -> None:
    network = load_backbone(str(make_tiny_encoder(tmp_path, "modernbert", local_attention=256)), max_length_tokens=64)
    route = choose_route(network, comparisons=gold(network))
    assert route.name == "padded"
    assert "packed is not possible: ModernBertForSequenceClassification pools in a way of its own" in route.reason


def test_a_model_whose_features_come_out_otherwise_stays_padded(backbones: dict[str, Path]) -> None:
    """The check at the start: a layer that mixes neighbours, which nothing in a config tells."""
    network = spread_out(backbones["llama"])

    def mix(_: nn.Module, __: object, hidden: Tensor) -> Tensor:
        return hidden + hidden.roll(1, dims=1)

    network.model.get_input_embeddings().register_forward_hook(mix)
    route = choose_route(network, comparisons=gold(network))
    assert route.name == "padded"
    assert "would differ by" in route.reason


def test_choosing_a_route_leaves_the_model_and_the_random_state_alone(decoder: RewardNetwork) -> None:
    decoder.model.train()
    before, state = (
        {name: value.clone() for name, value in decoder.model.state_dict().items()},
        torch.random.get_rng_state(),
    )
    choose_route(decoder, comparisons=gold(decoder))
    assert decoder.model.training
    assert torch.equal(torch.random.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in decoder.model.state_dict().items())


def test_how_a_model_attends_is_not_saved_with_it(decoder: RewardNetwork, tmp_path: Path) -> None:
    decoder.model.save_pretrained(tmp_path)
    assert SEGMENTED not in (tmp_path / "config.json").read_text()


def test_the_last_layer_is_computed_only_where_the_head_reads(network: RewardNetwork) -> None:
    seen: list[int] = []
    layers = max((part for part in network.model.base_model.modules() if isinstance(part, nn.ModuleList)), key=len)
    for layer in layers:
        wide: Any = layer.intermediate if hasattr(layer, "intermediate") else layer.mlp
        wide.register_forward_hook(lambda _, given, __: seen.append(given[0].numel() // given[0].shape[-1]))
    comparisons = gold(network)
    texts = sum(len(one.texts) for one in comparisons)
    for route in routes_of(network):
        seen.clear()
        route.features(network, comparisons)
        assert seen == [route.cost([text for one in comparisons for text in one.texts]), texts]


def test_padded_rows_come_out_as_before_once_a_model_attends_by_segments(backbones: dict[str, Path]) -> None:
    for backbone in backbones.values():
        plain = load_backbone(str(backbone), max_length_tokens=100)
        comparisons = gold(plain)
        with torch.no_grad():
            before = PaddedRoute().features(plain, comparisons)
            attend_by_segments(plain.model)
            assert torch.equal(PaddedRoute().features(plain, comparisons), before)


def test_bf16_autocast_gives_the_same_features_to_its_precision(decoder: RewardNetwork) -> None:
    comparisons = gold(decoder)
    exact = PaddedRoute().features(decoder, comparisons)
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        for route in (PaddedRoute(), *routes_of(decoder)):
            found = route.features(decoder, comparisons)
            assert found.dtype == torch.float32
            assert relative(found, exact) < 0.05
        assert choose_route(decoder, comparisons=comparisons).name == SHARED


def test_a_compiled_backbone_gives_the_same_features(backbones: dict[str, Path]) -> None:
    network = spread_out(backbones["llama"])
    comparisons = gold(network)
    expected = PaddedRoute().features(network, comparisons)
    network.model.base_model.compile(dynamic=True, backend="eager")
    for first in (0, 1):
        found = SegmentedRoute(SHARED).features(network, comparisons[first:])
        assert (found - expected[-len(found) :]).abs().max() < 1e-5


def test_without_comparisons_there_is_nothing_to_choose_by(decoder: RewardNetwork) -> None:
    assert choose_route(decoder, comparisons=[]).name == "padded"


def test_texts_of_one_row_may_differ_in_everything(decoder: RewardNetwork) -> None:
    texts = [
        EncodedText((5,), None, False),
        EncodedText((5, 6, 7), None, False),
        EncodedText(tuple(range(90)), None, False),
    ]
    for route in routes_of(decoder):
        found, expected = route.text_features(decoder, texts), PaddedRoute().text_features(decoder, texts)
        assert (found - expected).abs().max() < 1e-5
