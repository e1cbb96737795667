"""Markdown: do responses win because they are formatted?"""

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from labeling.stats.audits.effects import Audit, Finding, finding, odds_finding, shares
from labeling.stats.audits.length import log_characters
from labeling.stats.audits.models import Floats
from labeling.stats.audits.pairs import Pairs, pairs_of
from labeling.stats.audits.rows import AuditRow
from labeling.stats.text_features import MARKS, TextFeatures
from labeling.stats.undefined import Undefined

LEAST_PAIRS = 10


def markdown_audit(rows: Sequence[AuditRow]) -> Audit:
    """Ask how often the more formatted response wins, and what formatting does to the odds beside length.

    Formatted responses are often longer, so that coefficients are given beside the log ratio of lengths; those of the
    five kinds of Markdown stand beside each other too.
    """
    all_pairs = pairs_of(rows)
    length = all_pairs.difference(log_characters)
    known = ~np.isnan(length)
    pairs, length = all_pairs[known], length[known]
    marks = pairs.difference(log_marks)
    return Audit(
        name="markdown",
        findings=(
            share_finding("markdown", "Markdown", pairs, marks),
            odds_finding("markdown.slope", "twice the Markdown", "", pairs.slope(marks)),
            odds_finding(
                "markdown.slope_beside_length", "twice the Markdown", " at equal length", pairs.slope(marks, length)
            ),
            *kind_findings(pairs, length),
        ),
        left_out={
            "pairs called equal": all_pairs.ties,
            "text not known": int((~known).sum()),
            "with equally much Markdown": int((marks == 0).sum()),
        },
    )


def log_marks(features: TextFeatures) -> float:
    """log₂(marks + 1) of all kinds together: a difference of 1 is about twice as much."""
    return math.log2(features.marks + 1)


def log_count(features: TextFeatures, *, kind: str) -> float:
    """log₂(count + 1) of one kind of Markdown."""
    return math.log2(getattr(features, kind) + 1)


def kind_findings(pairs: Pairs, length: Floats) -> list[Finding]:
    """Of each kind of Markdown who wins, and its coefficient beside length and the other kinds."""
    differences = {kind: pairs.difference(partial(log_count, kind=kind)) for kind in MARKS}
    findings = []
    for kind, difference in differences.items():
        words = kind.replace("_", " ")
        others = [other for name, other in differences.items() if name != kind and is_told(pairs, other)]
        slope = (
            pairs.slope(difference, *others, length)
            if is_told(pairs, difference)
            else Undefined(f"fewer than {LEAST_PAIRS} pairs differ in {words}, or one side wins all of them")
        )
        findings += [
            share_finding(f"markdown.{kind}", words, pairs, difference),
            odds_finding(f"markdown.{kind}_slope", f"twice the {words}", " beside length and other Markdown", slope),
        ]
    return findings


def is_told(pairs: Pairs, difference: Floats) -> bool:
    """Whether enough pairs differ in something, and not one side wins them all, for a coefficient beside others."""
    won = np.where(difference > 0, pairs.first_wins, 1 - pairs.first_wins)[difference != 0]
    return len(won) >= LEAST_PAIRS and 0 < won.sum() < len(won)


def share_finding(key: str, words: str, pairs: Pairs, difference: Floats) -> Finding:
    return finding(
        key,
        f"Does the response with more {words} win more than half?",
        pairs.share_won_by_more(difference, words),
        lambda effect: f"The response with more {words} won {shares(effect)} of the pairs.",
    )
