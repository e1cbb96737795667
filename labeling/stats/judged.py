"""Judgments in the shapes that measures of agreement take: who won each pair, by how much, in what order."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from labeling.stats.agreement import Ranking, opinion
from labeling.stats.unit_labels import Label
from preferences.records import ComparisonRecord, JudgmentRecord

Winner = Literal["left", "right", "tie", "both bad"]


@dataclass(frozen=True, slots=True)
class JudgedComparison:
    """A comparison and what people said of it, without its texts.

    Attributes:
        comparison: its id or hash.
        responses: how many responses it has; rankings name them by index, 0 to K − 1, in the canonical order, which is
            never the order in which somebody saw them.
        judgments: one of each annotator.
    """

    comparison: Hashable
    responses: int
    judgments: Sequence[JudgmentRecord]


def judged_comparison(record: ComparisonRecord) -> JudgedComparison:
    """A record's judgments, with its responses in the order of their hashes."""
    canonical = record.canonical()
    return JudgedComparison(canonical.comparison_hash, len(canonical.responses), canonical.judgments)


def winner(judgment: JudgmentRecord, left: int, right: int) -> Winner | None:
    """What a judgment says of two responses; None if it names neither.

    A response that a ranking leaves out loses to all that it names. Where all are called bad, and neither stands above
    the other, both are bad: that is not the tie of two good ones.
    """
    view = opinion(judgment.ranking, left, right)
    if judgment.all_bad and not view:
        return "both bad"
    if view is None:
        return None
    return "tie" if view == 0 else "left" if view > 0 else "right"


def winner_labels(comparisons: Iterable[JudgedComparison]) -> Iterator[Label]:
    """Who won, for each two responses of each comparison: units are (comparison, left, right), values `Winner`.

    Left and right are places in the canonical order. Chance agreement is thus that of the responses, and somebody who
    always takes what is shown first agrees with nobody. What a judgment says nothing of gets no label.
    """
    for judged in comparisons:
        for judgment in judged.judgments:
            for left, right in combinations(range(judged.responses), 2):
                if won := winner(judgment, left, right):
                    yield judgment.annotator, (judged.comparison, left, right), won


def signed_strength_labels(comparisons: Iterable[JudgedComparison]) -> Iterator[Label]:
    """How much better the left response of a pair is: 4 to 1 for strength 3 to 0, 0 for a tie, −1 to −4 for the right.

    Such labels are ordinal. Comparisons of more than two responses are left out, for strength there speaks of the best
    two; so are verdicts without a strength, or that both are bad.
    """
    for judged in comparisons:
        for judgment in judged.judgments if judged.responses == 2 else ():
            if (strength := _signed_strength(judgment)) is not None:
                yield judgment.annotator, judged.comparison, strength


def rankings_of(judged: JudgedComparison) -> Iterator[tuple[str, Ranking]]:
    """Each annotator's ranking of a comparison; a judgment that names no response orders nothing and is left out."""
    return ((judgment.annotator, judgment.ranking) for judgment in judged.judgments if judgment.ranking)


def _signed_strength(judgment: JudgmentRecord) -> int | None:
    sign = {"left": 1, "right": -1, "tie": 0}.get(winner(judgment, 0, 1) or "")
    if sign == 0:
        return 0
    return None if sign is None or judgment.strength is None else sign * (judgment.strength + 1)
