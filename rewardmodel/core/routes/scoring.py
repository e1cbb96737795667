"""Texts that are only scored: the route they take, and which of them share a forward pass."""

from collections.abc import Sequence

from rewardmodel.core.config.compute import PADDED, SHARED
from rewardmodel.core.data.batches import text_batches
from rewardmodel.core.data.comparison import TokenizedComparison
from rewardmodel.core.data.template import EncodedText
from rewardmodel.core.data.texts import Prompt
from rewardmodel.core.model import RewardNetwork
from rewardmodel.core.routes.choose import choose_route
from rewardmodel.core.routes.route import Route
from rewardmodel.core.routes.segments import LEAST_SHARED_TOKENS, common_beginning

TRIED: tuple[tuple[Prompt, str], ...] = (
    ("What is the moon made of, and who has been there?", "Rock. Twelve people have walked on it."),
    ("What is the moon made of, and who has been there?", "Nobody knows."),
    ("Say hello.", "Hello! " * 20),
)


def scoring_route(network: RewardNetwork) -> Route:
    """The route that computes the fewest tokens of those that give this network's rewards; tried on a few texts."""
    texts = network.template.encode(TRIED)
    return choose_route(network, comparisons=[TokenizedComparison("", "", tuple(texts[:2])), _alone(texts[2])])


def added_tokens(text: EncodedText, beside: EncodedText, *, route: str) -> int:
    """What a text costs a row without padding that holds its neighbour already: all of it, or what is its own."""
    tokens = len(text.token_ids)
    if route != SHARED:
        return tokens
    common = min(common_beginning(text.token_ids, beside.token_ids), tokens - 1)
    return tokens - common if common >= LEAST_SHARED_TOKENS else tokens


def scoring_batches(texts: Sequence[EncodedText], *, route: str, tokens: int) -> list[list[int]]:
    """Indices of texts that share a forward pass of about `tokens` tokens: neighbours in length where rows are padded,
    neighbours in their beginning where they are not."""
    if route == PADDED:
        return text_batches([len(text.token_ids) for text in texts], tokens=tokens)
    batches: list[list[int]] = []
    room = 0
    for index in sorted(range(len(texts)), key=lambda index: texts[index].token_ids):
        added = added_tokens(texts[index], texts[batches[-1][-1]], route=route) if batches else tokens + 1
        if added <= room:
            batches[-1].append(index)
            room -= added
        else:
            batches.append([index])
            room = tokens - len(texts[index].token_ids)
    return batches


def _alone(text: EncodedText) -> TokenizedComparison:
    return TokenizedComparison("", "", (text,))
