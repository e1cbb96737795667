"""How often two people put the same two responses in the same order."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from labeling.stats.intervals import wilson_share

Ranking = Sequence[Sequence[int]]
UNNAMED = -1  # no response's id


@dataclass(frozen=True, slots=True)
class Agreement:
    """Share of equal opinions, 0 to 1, with a 95 % interval, over this many comparisons judged twice or more."""

    share: float
    low: float
    high: float
    comparisons: int


def opinion(ranking: Ranking, left: int, right: int) -> int | None:
    """1 if `left` is better, −1 if `right` is, 0 for a tie, None if the ranking says nothing of either.

    A ranking of the best few leaves the others out: they stand below all that it names.
    """
    places = {response: place for place, group in enumerate(ranking) for response in group}
    if left not in places and right not in places:
        return None
    below = len(ranking)
    one, other = places.get(left, below), places.get(right, below)
    return (one < other) - (one > other)


def agreement_within(rankings: Sequence[Ranking]) -> float | None:
    """Share of (two people, two responses) on which opinions are equal; a tie equals only a tie. None without any."""
    equal = total = 0
    responses = sorted({response for ranking in rankings for group in ranking for response in group})
    if len(responses) == 1:  # everybody's best of several: it stands above the rest, whatever that is
        responses.append(UNNAMED)
    for first, second in combinations(rankings, 2):
        for left, right in combinations(responses, 2):
            one, other = opinion(first, left, right), opinion(second, left, right)
            if one is None or other is None:
                continue
            total += 1
            equal += one == other
    return equal / total if total else None


def pairwise_agreement(comparisons: Iterable[Sequence[Ranking]]) -> Agreement | None:
    """Mean agreement over comparisons, each counting once, with an interval that treats comparisons as the units.

    The interval is Wilson's with the comparisons as trials: it stays within 0 and 1 and is honest for few comparisons.
    Returns None when no comparison was judged by two people.
    """
    shares = [share for rankings in comparisons if (share := agreement_within(rankings)) is not None]
    if not shares:
        return None
    mean = wilson_share(sum(shares) / len(shares), len(shares))
    return Agreement(share=mean.share, low=mean.low, high=mean.high, comparisons=mean.n)
