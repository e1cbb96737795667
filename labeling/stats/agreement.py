"""How often two people put the same two responses in the same order."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

Ranking = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Share of equal opinions, 0 to 1, with a 95 % interval, over this many comparisons judged twice or more."""

    share: float
    low: float
    high: float
    comparisons: int


def opinion(ranking: Ranking, left: int, right: int) -> int | None:
    """1 if `left` is better, −1 if `right` is, 0 for a tie, None if the ranking leaves one of them out."""
    places = {response: place for place, group in enumerate(ranking) for response in group}
    if left not in places or right not in places:
        return None
    return (places[left] < places[right]) - (places[left] > places[right])


def agreement_within(rankings: Sequence[Ranking]) -> float | None:
    """Share of (two people, two responses) on which opinions are equal; a tie equals only a tie. None without any."""
    equal = total = 0
    responses = sorted({response for ranking in rankings for group in ranking for response in group})
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
    n, mean, z = len(shares), sum(shares) / len(shares), 1.959964
    centre = (mean + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Agreement(share=mean, low=max(0.0, centre - half), high=min(1.0, centre + half), comparisons=n)
