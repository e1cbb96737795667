"""How often two people say the same, of a label or of the order of two responses."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from labeling.stats.estimates import Estimate
from labeling.stats.intervals import wilson_share
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels, too_little_overlap

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


def observed_agreement(labels: UnitLabels) -> Estimate | Undefined:
    """Share of two people's labels of one unit that are equal: the mean over units with two labels or more.

    Every unit counts once, however many labels it has, and is one trial of Wilson's interval. What chance alone would
    give is in it; so it stays defined where all labels are the same, and for one unit, with an interval that says how
    little that is.

    Returns: 1 when all agree. Undefined without a unit that two people labelled.
    Source: Fleiss 1971, Psychol. Bull. 76(5).
    """
    if too_little := too_little_overlap(labels, least_units=1):
        return too_little
    pairable = labels.pairable
    shares = [_equal_share(list(said.values())) for said in pairable.by_unit.values()]
    mean = wilson_share(sum(shares) / len(shares), len(shares))
    return Estimate(value=mean.share, low=mean.low, high=mean.high, units=mean.n, annotators=len(pairable.annotators))


def _equal_share(values: Sequence[object]) -> float:
    """How many of the ordered pairs of labels are equal, 0 to 1."""
    equal = sum(count * (count - 1) for count in Counter(values).values())
    return equal / (len(values) * (len(values) - 1))
