"""A model's README says what its lines of code load, where that is not the platform's reward."""

from typing import Any

import pytest

from rewardmodel.services.model_card import card_text
from tests.rewardmodel.rows import make_reward_model


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"members": 4}, "one of its 4 members"),
        ({"members": 4, "combine": "minimum"}, "members' minimum on one scale"),
        ({"heads": 5}, "the mean of its 5 heads (`heads.safetensors`); that is the platform's reward"),
        ({"heads": 5, "combine": "mean-variance"}, "the platform's reward is their mean-variance"),
        ({"attribute_heads": True}, "the weighted sum of a head for each attribute"),
    ],
)
def test_a_model_of_several_opinions_says_which_of_them_a_plain_loader_gets(config: dict[str, Any], said: str) -> None:
    assert said in card_text(make_reward_model(config=config), {})


@pytest.mark.django_db
@pytest.mark.parametrize("config", [{}, {"members": 3, "combine": "weights"}])
def test_a_single_network_is_what_a_plain_loader_gets(config: dict[str, Any]) -> None:
    assert "These lines load" not in card_text(make_reward_model(config=config), {})


@pytest.mark.django_db
def test_the_card_tells_how_well_each_attribute_is_predicted() -> None:
    figure = {"value": 0.5, "low": 0.25, "high": 0.75, "n": 1234, "prompts": 100}
    few = {"value": None, "reason": "fewer than 20", "n": 3, "prompts": 3}
    attributes = [
        {"name": "help|ful", "weight": 0.75, "pearson": figure, "spearman": figure, "rmse": figure, "spread": 1.5},
        {"name": "tone", "weight": -0.25, "pearson": few, "spearman": few, "rmse": few, "spread": None},
    ]
    text = card_text(make_reward_model(), {"attributes": attributes})
    told = "0.500 (0.250 – 0.750)"
    assert f"| help\\|ful | +0.750 | {told} | {told} | {told} | 1.500 | 1234 |" in text
    assert "| tone | -0.250 | fewer than 20 | fewer than 20 | fewer than 20 | – | 3 |" in text
    assert "part of the reward" not in card_text(make_reward_model(), {})
