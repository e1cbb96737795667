"""What a route is."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.model import RewardNetwork


class Route(Protocol):
    """How texts go through a backbone. Routes cost differently and give the same features, hence the same gradient.

    Attributes:
        name: "padded", "packed" or "shared".
        reason: why this one, a clause for logs and reports.
    """

    @property
    def name(self) -> str: ...

    @property
    def reason(self) -> str: ...

    def text_features(self, network: RewardNetwork, texts: Sequence[EncodedText]) -> Tensor:
        """What the head reads of each text, shape (B, d), float32, in the order given."""

    def features(self, network: RewardNetwork, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """What the head reads of every text, one comparison after the other, shape (B, d), float32."""

    def rewards(self, network: RewardNetwork, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """The reward of every text, one comparison after the other, shape (B,), float32."""

    def cost(self, texts: Sequence[EncodedText]) -> int:
        """Tokens that a forward pass over these texts computes, padding included."""

    def passes(self, comparisons: Sequence[TokenizedComparison], *, tokens: int) -> list[list[TokenizedComparison]]:
        """Cut one step into forward passes that cost at most `tokens`; a comparison is never divided."""
