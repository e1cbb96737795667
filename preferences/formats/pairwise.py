"""What formats that compare responses have in common when they are written: who counts, and what makes no pair."""

from collections.abc import Iterable, Iterator

from preferences.formats.report import ExportReport
from preferences.pairs import Pair, PairRules, counts_towards_pairs, derive_pairs, pairs_in_ranking
from preferences.records import JudgmentRecord
from preferences.rows import SnapshotRow

NOT_HELD = "pictures, tied pairs, weights, reasons, ratings, flags, who judged, gold answers, metadata"


def judgments_that_count(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[JudgmentRecord]:
    """The judgments of a comparison of texts, without those above its target if the rules drop them."""
    record = row.record
    if record.kind == "demonstration":
        report.drop("demonstration: it has no pair")
        return
    if any(response.kind == "picture" for response in record.responses):
        report.drop("comparison of pictures")
        return
    if not record.judgments:
        report.drop("comparison without a judgment")
        return
    for judgment in record.judgments:
        if judgment.is_surplus and rules.surplus == "drop":
            report.drop("judgment above the target")
        else:
            yield judgment


def ranked_judgments(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[JudgmentRecord]:
    """Those of them whose ranking counts under the rules."""
    for judgment in judgments_that_count(row, rules, report):
        if not counts_towards_pairs(judgment, rules):
            report.drop("judgment that says all are bad")
        elif judgment.all_bad and not judgment.ranking:
            report.drop("judgment that says all are bad and ranks none")
        elif not judgment.ranking:
            report.drop("judgment that ranks none")
        else:
            yield judgment


def decided_pairs(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[Pair]:
    """Derive the pairs that have a winner, and report what the format has no place for.

    Where votes are counted, a pair stands in the order of most votes, whatever share of them that is.
    """
    named: set[tuple[int, int]] = set()
    tied = 0
    judgments = list(ranked_judgments(row, rules, report))
    if not judgments:
        return
    for judgment in judgments:
        said = list(pairs_in_ranking(judgment.ranking, len(row.record.responses)))
        named.update((min(one, other), max(one, other)) for one, other, _is_tie in said)
        tied += sum(is_tie for _one, _other, is_tie in said)
    decided = [pair for pair in derive_pairs(row.record, rules) if pair.target > 0.5]
    if rules.votes == "each":
        report.drop("tied pair", tied)
    else:
        report.drop("pair that votes do not decide", len(named) - len(decided))
    yield from decided


def orders_in(judgment: JudgmentRecord, k: int) -> dict[tuple[int, int], int]:
    """How a ranking orders each two of K responses: (0, 1) → −1 if 0 is better, 1 if 1 is, 0 for a tie.

    Both ways round. Two that it leaves out are missing: it says nothing about them.
    """
    orders = {}
    for one, other, is_tie in pairs_in_ranking(judgment.ranking, k):
        orders[one, other] = 0 if is_tie else -1
        orders[other, one] = 0 if is_tie else 1
    return orders


def as_shown(first: int, second: int, judgments: Iterable[JudgmentRecord]) -> tuple[int, int]:
    """Two responses in the order in which the first annotator of whom that is known saw them.

    Reasons say “Response 1” or “A”: with another order they would speak of the wrong one.
    """
    for judgment in judgments:
        if first in judgment.shown_order and second in judgment.shown_order:
            is_turned = judgment.shown_order.index(first) > judgment.shown_order.index(second)
            return (second, first) if is_turned else (first, second)
    return first, second
