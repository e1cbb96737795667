"""The same text gets the same reward, whatever stands beside it, however batches are cut, and in every process."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from rewardmodel.core.scorer import RewardScorer, ScoreItem
from tests.rewardmodel.builders import WORDS
from tests.rewardmodel.test_checkpoint import save
from tests.rewardmodel.test_ensemble import saved_ensemble
from tests.rewardmodel.test_heads import card_of, network_with_heads

SCORE_IN_A_PROCESS_OF_ITS_OWN = """
import json, sys
from rewardmodel.core.scorer import RewardScorer, ScoreItem
items = [ScoreItem(*item) for item in json.loads(sys.stdin.read())]
print(json.dumps([[reward.reward, reward.uncertainty] for reward in RewardScorer.load(sys.argv[1]).score(items)]))
"""


@pytest.fixture(params=["single", "heads", "networks"])
def model(request: pytest.FixtureRequest, tiny_bert: Path, tiny_llama: Path, tmp_path: Path) -> Path:
    from rewardmodel.core.checkpoint import save_model

    if request.param == "single":
        return save(tiny_llama, tmp_path / "model")
    if request.param == "heads":
        network = network_with_heads(tiny_llama)
        save_model(network, card_of(network), tmp_path / "model")
        return tmp_path / "model"
    return saved_ensemble(tiny_bert, tmp_path, how="mean-variance", penalty=0.5)


def random_items(draw: random.Random, count: int) -> list[ScoreItem]:
    return [
        ScoreItem(
            " ".join(draw.choices(WORDS, k=draw.randrange(0, 30))),
            " ".join(draw.choices(WORDS, k=draw.choice([0, 1, 5, 40]))),
        )
        for _ in range(count)
    ]


def test_a_text_gets_the_same_reward_in_any_batch_and_padding(model: Path) -> None:
    draw = random.Random(2)
    items = random_items(draw, 20)
    alone = [RewardScorer.load(model).score([item])[0] for item in items[:3]]
    scorers = [RewardScorer.load(model, tokens_per_batch=tokens) for tokens in (1, 100, 700, 100_000)]
    rewards = [scorer.score(items) for scorer in scorers]
    order = draw.sample(range(len(items)), len(items))
    shuffled = scorers[2].score([items[index] for index in order])
    rewards.append([shuffled[order.index(index)] for index in range(len(items))])
    for others in rewards:
        for one, other in zip([*alone, *rewards[0][3:]], others, strict=True):
            assert other.reward == pytest.approx(one.reward, abs=1e-5)
            assert other.reward_normalized == pytest.approx(one.reward_normalized, abs=1e-5)
            assert (other.uncertainty is None) == (one.uncertainty is None)
            assert (other.uncertainty or 0) == pytest.approx(one.uncertainty or 0, abs=1e-5)
            assert (other.members or ()) == pytest.approx(one.members or (), abs=1e-5)


def test_scoring_twice_gives_the_very_same_numbers(model: Path) -> None:
    items = random_items(random.Random(3), 15)
    scorer = RewardScorer.load(model)
    assert scorer.score(items) == scorer.score(items) == RewardScorer.load(model).score(items)


def test_a_text_gets_the_same_reward_in_another_process(model: Path) -> None:
    items = random_items(random.Random(4), 9)
    here = RewardScorer.load(model).score(items)
    child = subprocess.run(
        [sys.executable, "-c", SCORE_IN_A_PROCESS_OF_ITS_OWN, str(model)],
        input=json.dumps([[item.prompt, item.response] for item in items]),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    for one, (reward, uncertainty) in zip(here, json.loads(child.stdout), strict=True):
        assert reward == pytest.approx(one.reward, abs=1e-5)
        assert (uncertainty or 0) == pytest.approx(one.uncertainty or 0, abs=1e-5)
