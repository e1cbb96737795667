"""Texts that are only scored: the same rewards by every route, and prompts that are computed once."""

from collections.abc import Callable
from pathlib import Path

import pytest

from rewardmodel.core.checkpoint import load_model
from rewardmodel.core.config.compute import PACKED, PADDED, SHARED
from rewardmodel.core.data.batches import text_batches
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.routes.padded import PaddedRoute
from rewardmodel.core.routes.scoring import added_tokens, scoring_batches
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from tests.rewardmodel.builders import WORDS
from tests.rewardmodel.test_checkpoint import save

PROMPTS = [" ".join(WORDS[start : start + 12]) for start in range(4)]
ITEMS = [ScoreItem(prompt, " ".join(WORDS[: 1 + answer])) for answer in range(6) for prompt in PROMPTS]
ITEMS += [ScoreItem("now " * 200, "good " * 3), ScoreItem("", "bad"), ScoreItem(PROMPTS[0], "")]


@pytest.mark.parametrize(("backbone", "route"), [("tiny_bert", PACKED), ("tiny_llama", SHARED)])
@pytest.mark.parametrize("tokens_per_batch", [1, 64, 4096])
def test_a_scorer_computes_no_padding_and_gives_the_rewards_of_padded_rows(
    backbone: str, route: str, tokens_per_batch: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    saved = save(request.getfixturevalue(backbone), tmp_path / "model")
    scorer = RewardScorer.load(saved, device="cpu", tokens_per_batch=tokens_per_batch)
    assert scorer.route == route
    texts = scorer.encode(ITEMS)
    padded = load_model(saved).opinions(texts, tokens_per_batch=64, routes=[PaddedRoute()]).reward.tolist()
    assert [reward.reward for reward in scorer.score_encoded(texts)] == pytest.approx(padded, abs=1e-5)
    alone = [scorer.score([item])[0].reward for item in ITEMS]
    assert alone == pytest.approx(padded, abs=1e-5)


def test_what_answers_share_costs_a_decoder_once(tiny_llama: Path, tmp_path: Path) -> None:
    scorer = RewardScorer.load(save(tiny_llama, tmp_path / "model"), device="cpu")
    texts = scorer.encode([ScoreItem(PROMPTS[0], word) for word in WORDS[:8]])
    assert scorer.cost(texts) < 0.3 * sum(len(text.token_ids) for text in texts)


def text(*token_ids: int) -> EncodedText:
    return EncodedText(token_ids, None, False)


def test_a_text_beside_its_neighbour_costs_what_is_its_own() -> None:
    one, other = text(*range(20), 1), text(*range(20), 2, 3)
    assert added_tokens(other, one, route=SHARED) == 2
    assert added_tokens(other, other, route=SHARED) == 1  # the last token of every text is its own
    assert added_tokens(other, one, route=PACKED) == 22
    assert added_tokens(text(*range(7), 9), one, route=SHARED) == 8  # too little in common to be worth a segment


@pytest.mark.parametrize("route", [PADDED, PACKED, SHARED])
def test_every_text_is_in_one_batch_within_its_tokens(route: str) -> None:
    texts = [text(prompt, *range(30), *[100 + answer] * (1 + answer)) for answer in range(9) for prompt in (1, 2, 3)]
    batches = scoring_batches(texts, route=route, tokens=100)
    assert sorted(index for batch in batches for index in batch) == list(range(27))
    cost: dict[str, Callable[[list[int]], int]] = {
        PADDED: lambda batch: len(batch) * max(len(texts[index].token_ids) for index in batch),
        PACKED: lambda batch: sum(len(texts[index].token_ids) for index in batch),
        SHARED: lambda batch: len({texts[index].token_ids[0] for index in batch}) * 31 + sum(
            len(texts[index].token_ids) - 31 for index in batch
        ),
    }  # fmt: skip
    assert all(cost[route](batch) <= 100 for batch in batches)
    if route == SHARED:
        assert len(batches) == 3
    if route == PADDED:
        assert batches == text_batches([len(text.token_ids) for text in texts], tokens=100)
