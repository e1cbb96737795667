"""What all formats of chosen and rejected have in common when they are written: pairs, and what makes none."""

from collections.abc import Iterator

from preferences.formats.report import ExportReport
from preferences.pairs import Pair, PairRules, counts_towards_pairs, derive_pairs
from preferences.rows import SnapshotRow

NOT_HELD = "pictures, tied pairs, weights, reasons, ratings, flags, who judged, gold answers, metadata"


def decided_pairs(row: SnapshotRow, rules: PairRules, report: ExportReport) -> Iterator[Pair]:
    """Derive the pairs that have a winner, and report what the format has no place for."""
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
        elif not counts_towards_pairs(judgment, rules):
            report.drop("judgment that says all are bad")
        elif judgment.all_bad and not judgment.ranking:
            report.drop("judgment that says all are bad and ranks none")
        else:
            tied = sum(len(group) * (len(group) - 1) // 2 for group in judgment.ranking)
            report.drop("tied pair", tied)
    for pair in derive_pairs(record, rules):
        if pair.target == 1.0:
            yield pair
