"""Position: does a response win because of where it stands?"""

from collections.abc import Hashable, Sequence

import numpy as np

from labeling.stats.audits.clusters import Units, clustered_share, units_of
from labeling.stats.audits.effects import Audit, Effect, Finding, finding, shares
from labeling.stats.audits.models import Floats
from labeling.stats.audits.pairs import Pairs, pairs_of
from labeling.stats.audits.rows import AuditRow
from labeling.stats.undefined import Undefined

UNKNOWN_ORDER = Undefined("the order in which the responses were shown is not known")


def position_audit(rows: Sequence[AuditRow]) -> Audit:
    """Ask how often the response shown earlier wins, and with more than two responses how often each place does.

    Where the order is drawn for each judgment, quality cannot explain a share other than ½ (or 1/K of a place): what
    stands there is chance or habit. Of pairs the headline counts; all of one judgment weigh as one judgment.
    """
    known = [row for row in rows if row.order_is_known]
    pairs = pairs_of(known)
    return Audit(
        name="position",
        findings=(
            finding(
                "position",
                "Does the response shown earlier win more than half?",
                first_share(pairs) if known else UNKNOWN_ORDER,
                lambda effect: f"The response shown earlier (of two, the left one) won {shares(effect)} of the pairs.",
            ),
            *by_place(known),
        ),
        left_out={
            "pairs called equal": pairs.ties,
            "judgments of three or more without one best": sum(
                len(row.seen) > 2 and row.winner_at is None for row in known
            ),
            "order not known": len(rows) - len(known),
        },
        by_annotator=by_annotator(known),
    )


def first_share(pairs: Pairs) -> Effect | Undefined:
    """The share of pairs that the response shown earlier won."""
    if not len(pairs):
        return Undefined("no pair was judged of which one response won")
    return clustered_share(pairs.first_wins, pairs.weight, pairs.units, null=0.5)


def by_annotator(rows: Sequence[AuditRow]) -> dict[Hashable, Effect | Undefined]:
    """The same of each known annotator alone, over their prompts."""
    theirs: dict[Hashable, list[AuditRow]] = {}
    for row in rows:
        if row.annotator is not None:
            theirs.setdefault(row.annotator, []).append(row)
    return {annotator: first_share(pairs_of(judged)) for annotator, judged in theirs.items()}


def by_place(rows: Sequence[AuditRow]) -> tuple[Finding, ...]:
    """For each number K ≥ 3 of responses, and each place: how often what stands there is best; without bias 1/K."""
    findings = []
    for k in sorted({len(row.seen) for row in rows} - {2}):
        decided = [row for row in rows if len(row.seen) == k and row.winner_at is not None]
        units = units_of([row.annotator for row in decided], [row.prompt for row in decided])
        winners = np.array([row.winner_at for row in decided], dtype=np.float64)
        findings += [place_finding(place, k, winners, units) for place in range(k)]
    return tuple(findings)


def place_finding(place: int, k: int, winners: Floats, units: Units) -> Finding:
    """How often the best response stood at one place (from 0), given where it stood in each judgment."""
    won = (winners == place).astype(np.float64)
    return finding(
        f"position.{place + 1}_of_{k}",
        f"Does what stands at place {place + 1} of {k} win more than one in {k}?",
        clustered_share(won, np.ones(len(won)), units, null=1 / k),
        lambda effect: (
            f"What stands at place {place + 1} of {k} was best in {shares(effect)} of the judgments; without bias it "
            f"is in {100 / k:.1f} %."
        ),
    )
