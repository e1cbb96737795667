"""One row a text, padded on the right to the longest: works with every model."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from rewardmodel.core.config.compute import PADDED
from rewardmodel.core.data.batches import pad
from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.model import RewardNetwork


@dataclass(frozen=True)
class PaddedRoute:
    """Each response a row of its own, with its prompt.

    Args:
        reason: why this route was chosen.
    """

    reason: str = ""
    name: str = PADDED

    def text_features(self, network: RewardNetwork, texts: Sequence[EncodedText]) -> Tensor:
        """What the head reads of each text, shape (B, d), float32, in the order given."""
        batch = pad(texts, pad_token_id=int(network.model.config.pad_token_id))
        return network.features(batch.to(network.device))

    def features(self, network: RewardNetwork, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """What the head reads of every text, one comparison after the other, shape (B, d), float32."""
        return self.text_features(network, [text for comparison in comparisons for text in comparison.texts])

    def rewards(self, network: RewardNetwork, comparisons: Sequence[TokenizedComparison]) -> Tensor:
        """The reward of every text, one comparison after the other, shape (B,), float32."""
        return network.read(self.features(network, comparisons))[:, 0]

    def cost(self, texts: Sequence[EncodedText]) -> int:
        """Rows times the longest."""
        return len(texts) * max(len(text.token_ids) for text in texts)

    def passes(self, comparisons: Sequence[TokenizedComparison], *, tokens: int) -> list[list[TokenizedComparison]]:
        """Cut one step into forward passes of at most `tokens` padded tokens; a comparison is never divided.

        A single comparison above the limit gets a pass of its own. The longest go first: running out of memory shows
        early.
        """
        passes: list[list[TokenizedComparison]] = []
        rows = longest = 0
        for comparison in sorted(comparisons, key=lambda comparison: -comparison.longest):
            if passes and (rows + len(comparison.texts)) * longest <= tokens:
                passes[-1].append(comparison)
                rows += len(comparison.texts)
            else:
                passes.append([comparison])
                rows, longest = len(comparison.texts), comparison.longest
        return passes
