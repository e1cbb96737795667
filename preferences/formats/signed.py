"""A preference as HelpSteer writes it: one whole number from −3 to 3, and mind the sign.

−3: response 1 is much better · −2: better · −1: slightly better · 0: about the same · 1, 2, 3: response 2 is.
The sign is the opposite of “score of 1 minus score of 2”. The number's size is the preference strength.
Source: Wang et al. 2024, arXiv:2410.01257 (HelpSteer2-Preference); Wang et al. 2025, arXiv:2505.11475 (HelpSteer3).
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import fmean

from preferences.formats import fields
from preferences.formats.pairwise import as_shown, orders_in, ranked_judgments
from preferences.formats.report import ExportReport
from preferences.pairs import PairRules
from preferences.records import JudgmentRecord
from preferences.rows import SnapshotRow

MOST = 3
TOGETHER = 3  # how many of the individual scores make the overall one
NOT_HELD = (
    "pictures, who judged, that all are bad, ratings, flags, gold answers, weights; responses of several messages"
)


def judgment(score: int, *, reason: str = "", position: int = 1) -> JudgmentRecord:
    """What a score says of response 1 (index 0) and response 2, which were shown in that order.

    Args:
        position: the annotator's place in the row, from 1; HelpSteer names nobody.
    """
    return JudgmentRecord(
        annotator=fields.unnamed(position),
        ranking=((0, 1),) if score == 0 else ((0,), (1,)) if score < 0 else ((1,), (0,)),
        strength=abs(score) or None,
        reason=reason,
        shown_order=(0, 1),
        source=fields.IMPORTED,
    )


def overall(scores: Sequence[int]) -> int:
    """One score for several annotators: the mean of the three that agree most, to the nearest whole number.

    Where several threes agree equally well, the mean of all of those. Halves go to the even neighbour.

    Returns: 1 for (1, 1, 1, -3); 0 for (-1, 1); the score itself for one.
    Source: HelpSteer2-Preference, section 2: outliers are filtered by keeping the three most similar.
    """
    ordered = sorted(scores)
    windows = [ordered[start : start + TOGETHER] for start in range(max(1, len(ordered) - TOGETHER + 1))]
    closest = min(window[-1] - window[0] for window in windows)
    return round(fmean(fmean(window) for window in windows if window[-1] - window[0] == closest))


def scored_pairs(
    row: SnapshotRow, rules: PairRules, report: ExportReport
) -> Iterator[tuple[int, int, list[tuple[int, str]]]]:
    """Each two responses that some annotator compared, with each one's (score, reason); K responses make K(K−1)/2.

    A preference without a strength, or with strength 0 (barely better), becomes the weakest there is, ±1; the report
    counts them. So does it count pairs of responses that are not plain text, and says of all bad beside an order.
    """
    responses = row.record.responses
    judgments = list(ranked_judgments(row, rules, report))
    orders = [orders_in(judgment, len(responses)) for judgment in judgments]
    report.drop("word that all are bad, beside an order", sum(judgment.all_bad for judgment in judgments))
    for pair in combinations(range(len(responses)), 2):
        first, second = as_shown(*pair, judgments)
        said = [
            (order[first, second], judgment)
            for order, judgment in zip(orders, judgments, strict=True)
            if (first, second) in order
        ]
        if not said:
            continue
        if responses[first].kind != "text" or responses[second].kind != "text":
            report.drop("pair whose response has several messages")
            continue
        weak = sum(1 for order, judgment in said if order and not judgment.strength)
        report.drop("strength that was not told or 0, written as 1", weak)
        report.drop("strength of a tie", sum(1 for order, judgment in said if not order and judgment.strength))
        yield first, second, [(order * (judgment.strength or 1), judgment.reason) for order, judgment in said]
