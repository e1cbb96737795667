"""Settings about what a model is to make likely."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from preferences.pairs import PairRules
from preferences.targets import TargetKind
from preferences.weights import HIGHEST_WEIGHT
from rewardmodel.core.errors import InvalidConfig
from rewardmodel.core.settings import Settings

BRADLEY_TERRY = "bradley-terry"
SCALED_BRADLEY_TERRY = "scaled-bradley-terry"
DAVIDSON = "davidson"
RAO_KUPPER = "rao-kupper"
PLACKETT_LUCE = "plackett-luce"
REGRESSION = "regression"

ARE_WEIGHTS = "must give numbers by name, not all of them 0 and none beyond 1,000,000"
WITH_TIES = (DAVIDSON, RAO_KUPPER)
LEARNS_FROM: dict[str, TargetKind] = {
    BRADLEY_TERRY: "pairs",
    SCALED_BRADLEY_TERRY: "pairs",
    DAVIDSON: "pairs",
    RAO_KUPPER: "pairs",
    PLACKETT_LUCE: "orders",
    REGRESSION: "ratings",
}


@dataclass(frozen=True, kw_only=True)
class ObjectiveSettings(Settings):
    """What rewards cost, given what people said."""

    loss: str = BRADLEY_TERRY
    """How people judge. Of pairs: "bradley-terry"; "scaled-bradley-terry", where a verdict counts as often as its
    strength says; "davidson" and "rao-kupper", where a tie is a third ending whose frequency is learned. Of whole
    rankings: "plackett-luce". Of ratings: "regression"."""
    label_smoothing: float = 0.0
    """Probability with which a verdict on a pair is taken to be wrong, 0 ≤ s < 0.5."""
    centering: float = 0.0
    """Nats that the mean squared reward of a comparison's responses costs for each squared nat; 0.01 holds rewards near
    zero and shortens leads little. For "regression", squared standard deviations."""
    tie_learning_rate: float = 0.01
    """Peak learning rate of the tie parameter: about how far one step moves its logarithm."""
    attributes: Mapping[str, Any] | None = None
    """For "regression": how much each rated attribute makes of the reward, negative where less is better; what is not
    named is not read. None: all alike."""
    attribute_heads: bool = False
    """For "regression": a linear head for each rated attribute, trained on its ratings alone; the reward is their sum
    weighted by `attributes`, where 0 is a head that makes nothing of the reward. false: one head for all."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require_one_of("loss", tuple(LEARNS_FROM))
        self.require(0 <= self.label_smoothing < 0.5, "label_smoothing", "must be at least 0 and below 0.5")
        if self.learns_from != "pairs":
            self.require(self.label_smoothing == 0, "label_smoothing", f"must be 0 where the loss is {self.loss}")
        self.require_not_negative("centering")
        self.require_positive("tie_learning_rate")
        if self.loss != REGRESSION:
            self.require(self.attributes is None, "attributes", "is for the loss regression only, so it must be null")
            one_head = "is for the loss regression only, so it must be false"
            self.require(not self.attribute_heads, "attribute_heads", one_head)
        elif self.attributes is not None:
            self.require(_are_weights(self.attributes), "attributes", ARE_WEIGHTS)

    @property
    def learns_from(self) -> TargetKind:
        """What the loss is about: pairs, orders (whole rankings) or ratings."""
        return LEARNS_FROM[self.loss]

    def require_rules(self, rules: PairRules) -> None:
        """Refuse rules by which judgments do not tell what the loss is about.

        Raises: InvalidConfig, naming the rule and the value that it needs.
        """
        if self.loss in WITH_TIES and rules.ties != "half":
            raise InvalidConfig(
                f"loss {self.loss} learns how often people see no difference, but pair_rules leave ties out: "
                'set "ties" to "half" in pair_rules.',
                field="loss",
            )
        if self.loss in WITH_TIES and rules.votes == "share":
            raise InvalidConfig(
                f'loss {self.loss} cannot tell a tie from two opposite verdicts in a share of votes: set "votes" to '
                '"each" or "majority" in pair_rules.',
                field="loss",
            )
        if self.loss == SCALED_BRADLEY_TERRY and rules.margin != "large":
            raise InvalidConfig(
                f'loss {self.loss} counts a verdict by its strength, 1 to 3: set "margin" to "large" in pair_rules.',
                field="loss",
            )


def _are_weights(values: Mapping[str, Any]) -> bool:
    are_numbers = all(
        isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= HIGHEST_WEIGHT
        for value in values.values()
    )
    return are_numbers and any(values.values())
