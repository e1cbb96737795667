"""Whether people agree more where they say that the difference is larger."""

from collections import defaultdict
from collections.abc import Iterable

from labeling.stats.estimates import Estimate
from labeling.stats.intervals import wilson_share
from labeling.stats.judged import JudgedComparison, winner_labels
from labeling.stats.undefined import Undefined
from labeling.stats.unit_labels import UnitLabels

STRENGTHS = (0, 1, 2, 3)


def agreement_by_strength(comparisons: Iterable[JudgedComparison]) -> dict[int, Estimate | Undefined]:
    """How often others say the same as a judgment of each strength, 0 (negligible) to 3 (much better).

    For every judgment of that strength, its winners are held against those of everybody else who judged the same
    responses. A comparison counts once in each strength, with the mean over these, and is one trial of Wilson's
    interval. Others may have said another strength, or none.

    Returns: strength → estimate, its annotators those who said that strength; Undefined where nobody else judged what
        they did.
    Raises: ValueError if one annotator judged a comparison twice.
    """
    shares: dict[int, list[float]] = {strength: [] for strength in STRENGTHS}
    people: dict[int, set[str]] = {strength: set() for strength in STRENGTHS}
    for judged in comparisons:
        labels = UnitLabels.of(winner_labels([judged]))
        equal: dict[int, list[bool]] = defaultdict(list)
        for judgment in judged.judgments:
            if judgment.strength is None:
                continue
            met = _equal_to_others(labels, judgment.annotator)
            equal[judgment.strength] += met
            people[judgment.strength] |= {judgment.annotator} if met else set()
        for strength, outcomes in equal.items():
            if outcomes:
                shares[strength].append(sum(outcomes) / len(outcomes))
    return {strength: _estimate(shares[strength], len(people[strength])) for strength in STRENGTHS}


def _equal_to_others(labels: UnitLabels, annotator: str) -> list[bool]:
    """For each other label of each unit that somebody labelled, whether it equals theirs."""
    return [
        value == said[annotator]
        for said in labels.by_unit.values()
        if annotator in said
        for other, value in said.items()
        if other != annotator
    ]


def _estimate(shares: list[float], annotators: int) -> Estimate | Undefined:
    if not shares:
        return Undefined("nobody else judged what got this strength")
    mean = wilson_share(sum(shares) / len(shares), len(shares))
    return Estimate(value=mean.share, low=mean.low, high=mean.high, units=mean.n, annotators=annotators)
