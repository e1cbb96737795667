"""Settings of the objective name what is wrong with them."""

import pytest

from preferences.pairs import PairRules
from rewardmodel.core.config.objective import LEARNS_FROM, ObjectiveSettings
from rewardmodel.core.errors import InvalidConfig


def settings(**values: object) -> ObjectiveSettings:
    return ObjectiveSettings.from_dict(values)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"loss": "hinge"}, "loss must be one of bradley-terry, .*regression, not 'hinge'"),
        (
            {"loss": "plackett-luce", "label_smoothing": 0.1},
            "label_smoothing must be 0 where the loss is plackett-luce",
        ),
        ({"centering": -0.1}, "centering must not be negative"),
        ({"tie_learning_rate": 0}, "tie_learning_rate must be above 0"),
        ({"attributes": {"helpfulness": 1}}, "attributes is for the loss regression only"),
        ({"attribute_heads": True}, "attribute_heads is for the loss regression only, so it must be false"),
        ({"loss": "regression", "attribute_heads": 2}, "attribute_heads must be bool"),
        ({"loss": "regression", "attributes": {"helpfulness": "much"}}, "attributes must give numbers by name"),
        ({"loss": "regression", "attributes": {"helpfulness": 0}}, "attributes must give numbers by name, not all"),
        ({"loss": "regression", "attributes": {"helpfulness": float("nan")}}, "attributes must hold finite numbers"),
        ({"loss": "regression", "attributes": {}}, "attributes must give numbers by name"),
    ],
)
def test_a_wrong_setting_is_named(values: dict[str, object], sentence: str) -> None:
    with pytest.raises(InvalidConfig, match=sentence):
        settings(**values)


@pytest.mark.parametrize("loss", ["davidson", "rao-kupper"])
def test_a_loss_that_learns_ties_wants_them_told_apart(loss: str) -> None:
    with pytest.raises(InvalidConfig, match='set "ties" to "half" in pair_rules'):
        settings(loss=loss).require_rules(PairRules())
    with pytest.raises(InvalidConfig, match='set "votes" to "each" or "majority" in pair_rules'):
        settings(loss=loss).require_rules(PairRules(ties="half", votes="share"))
    settings(loss=loss).require_rules(PairRules(ties="half", votes="majority"))


def test_a_loss_that_counts_by_strength_wants_strengths() -> None:
    with pytest.raises(InvalidConfig, match='set "margin" to "large" in pair_rules'):
        settings(loss="scaled-bradley-terry").require_rules(PairRules(margin="small"))
    settings(loss="scaled-bradley-terry").require_rules(PairRules(margin="large"))


def test_other_losses_take_any_rules() -> None:
    refused = []
    for loss in sorted(set(LEARNS_FROM) - {"davidson", "rao-kupper", "scaled-bradley-terry"}):
        for rules in (PairRules(), PairRules(ties="half", votes="share", margin="large")):
            try:
                settings(loss=loss).require_rules(rules)
            except InvalidConfig as refusal:
                refused.append((loss, str(refusal)))
    assert refused == []
