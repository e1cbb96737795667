"""Length: do longer responses win?"""

import math
from collections.abc import Sequence

import numpy as np

from labeling.stats.audits.effects import Audit, finding, odds_finding, shares
from labeling.stats.audits.pairs import pairs_of
from labeling.stats.audits.rows import AuditRow
from labeling.stats.text_features import TextFeatures


def length_audit(rows: Sequence[AuditRow]) -> Audit:
    """Ask how often the longer response wins, and what each doubling of the ratio of lengths does to its odds.

    Length is in characters, so that it means the same in languages without spaces. That longer responses win is no
    proof of bias: they may say more.
    """
    all_pairs = pairs_of(rows)
    ratio = all_pairs.difference(log_characters)
    known = ~np.isnan(ratio)
    pairs, ratio = all_pairs[known], ratio[known]
    ordered, ordered_ratio = pairs[pairs.order_is_known], ratio[pairs.order_is_known]
    return Audit(
        name="length",
        findings=(
            finding(
                "length",
                "Does the longer response win more than half?",
                pairs.share_won_by_more(ratio, "length"),
                lambda effect: f"The longer response won {shares(effect)} of the pairs.",
            ),
            odds_finding("length.slope", "twice the length", "", pairs.slope(ratio)),
            odds_finding(
                "length.slope_beside_position",
                "twice the length",
                " wherever it is shown",
                ordered.slope(ordered_ratio, np.ones(len(ordered))),
            ),
        ),
        left_out={
            "pairs called equal": all_pairs.ties,
            "text not known": int((~known).sum()),
            "of equal length": int((ratio == 0).sum()),
        },
    )


def log_characters(features: TextFeatures) -> float:
    """log₂(characters + 1): a difference of 1 is twice as long."""
    return math.log2(features.characters + 1)
