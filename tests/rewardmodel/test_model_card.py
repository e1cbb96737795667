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
    ],
)
def test_a_model_of_several_opinions_says_which_of_them_a_plain_loader_gets(config: dict[str, Any], said: str) -> None:
    assert said in card_text(make_reward_model(config=config), {})


@pytest.mark.django_db
@pytest.mark.parametrize("config", [{}, {"members": 3, "combine": "weights"}])
def test_a_single_network_is_what_a_plain_loader_gets(config: dict[str, Any]) -> None:
    assert "These lines load" not in card_text(make_reward_model(config=config), {})
