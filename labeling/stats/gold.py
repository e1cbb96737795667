"""Whether a judgment says what was expected of a gold comparison."""

from collections.abc import Sequence
from itertools import combinations

Ranking = Sequence[Sequence[int]]
# Of a ranking's pairs so many must stand as in the gold answer: one neighbouring swap among four (5 of 6) is forgiven,
# one among three (2 of 3) is not.
LEAST_PAIR_SHARE = 0.75


def share_of_gold(ranking: Ranking, gold: Ranking) -> float | None:
    """The share of pairs of responses on which a ranking and the gold answer are of one opinion.

    A response that either leaves out stands below all that it names; two that it leaves out it says nothing about, and
    such a pair does not count. A tie equals only a tie.

    Returns: 0 to 1; 1 for the same order, 0 for the reverse; None if there is no pair that both speak of.
    """
    one, other = _places(ranking), _places(gold)
    equal = total = 0
    for left, right in combinations(sorted(one.keys() | other.keys()), 2):
        opinions = (_opinion(one, left, right), _opinion(other, left, right))
        if None not in opinions:
            total += 1
            equal += opinions[0] == opinions[1]
    return equal / total if total else None


def agrees_with_gold(ranking: Ranking, gold: Ranking, *, least_pair_share: float = LEAST_PAIR_SHARE) -> bool:
    """Whether a judgment counts as right: for a pair the same winner or the same tie, for more enough of its pairs.

    Args:
        ranking, gold: tie groups of response ids, best first. A judgment that ranks nothing ("all bad") is wrong.
        least_pair_share: how many of the pairs must be as expected, 0 to 1.
    """
    share = share_of_gold(ranking, gold)
    return share is not None and share >= least_pair_share


def _places(ranking: Ranking) -> dict[int, int]:
    return {response: place for place, group in enumerate(ranking) for response in group}


def _opinion(places: dict[int, int], left: int, right: int) -> int | None:
    """1 if left is better, −1 if right is, 0 for a tie, None if it names neither."""
    if left not in places and right not in places:
        return None
    last = len(places)
    one, other = places.get(left, last), places.get(right, last)
    return (one < other) - (one > other)
