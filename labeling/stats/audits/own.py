"""Own responses: do judges favour what they wrote themselves, or what a model of their own family wrote?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from labeling.stats.audits.clusters import Units, clustered_share, coefficient, numbered, units_of
from labeling.stats.audits.effects import Audit, Effect, finding, points, shares
from labeling.stats.audits.models import centred, fit_line
from labeling.stats.audits.rows import AuditRow, Seen
from labeling.stats.undefined import Undefined


@dataclass(frozen=True, slots=True)
class Meeting:
    """One judgment of two responses: how the first did (1, ½ or 0), and whether it was the judge's own.

    `matter` is what was judged: equal for all judgments of the same two responses in the same comparison.
    """

    row: AuditRow
    matter: Hashable
    won: float
    is_own: bool


def own_audit(rows: Sequence[AuditRow]) -> Audit:
    """Ask whether a response wins more before the judge whose own it is than before judges who own neither.

    The difference is taken within the same two responses, so that the quality of what is judged is the same on both
    sides; a tie is half a win. The plain share beside it cannot tell favour from quality.
    """
    meetings = [meeting for row in rows for meeting in meetings_of(row)]
    own = [meeting for meeting in meetings if meeting.is_own]
    return Audit(
        name="own",
        findings=(
            finding(
                "own",
                "Does a response win more before its own judge than before others?",
                favour(meetings),
                lambda effect: (
                    f"Before its own judge the win rate of a response differs by {points(effect)} from that before "
                    "judges who own neither of the two."
                ),
            ),
            finding(
                "own.share",
                "How often does a judge's own response win?",
                own_share(own),
                lambda effect: (
                    f"A judge's own response won {shares(effect)} of its pairs, a tie counted half; favour and "
                    "quality together."
                ),
            ),
        ),
        left_out={"owners not known": sum(any(one.is_own is None for one in row.seen) for row in rows)},
    )


def meetings_of(row: AuditRow) -> list[Meeting]:
    """The pairs of which the judge owns the first alone, and, each way round, those of which they own neither."""
    return [
        Meeting(row, (row.comparison, one.response, other.response), won(one, other), one.is_own)
        for one, other in permutations(row.seen, 2)
        if one.is_own is not None and other.is_own is False
    ]


def won(one: Seen, other: Seen) -> float:
    return 0.5 * (1 + (one.place < other.place) - (one.place > other.place))


def favour(meetings: Sequence[Meeting]) -> Effect | Undefined:
    """The difference of win rates, own judge less others, within equal matters."""
    owned = {meeting.matter for meeting in meetings if meeting.is_own}
    judged_by_others = {meeting.matter for meeting in meetings if not meeting.is_own}
    both = [meeting for meeting in meetings if meeting.matter in owned & judged_by_others]
    if not owned:
        return Undefined("nobody judged a response of their own beside one that is not")
    if not both:
        return Undefined("nobody who owns neither judged the same two responses")
    weight = np.ones(len(both))
    matter = numbered([meeting.matter for meeting in both])
    is_own = centred(np.array([meeting.is_own for meeting in both], dtype=np.float64), matter, weight)
    wins = centred(np.array([meeting.won for meeting in both]), matter, weight)
    return coefficient(fit_line(is_own[:, None], wins, weight), 0, _units(both))


def own_share(own: Sequence[Meeting]) -> Effect | Undefined:
    """The share of pairs that own responses won."""
    if not own:
        return Undefined("nobody judged a response of their own beside one that is not")
    return clustered_share(np.array([one.won for one in own]), np.ones(len(own)), _units(own), null=0.5)


def _units(meetings: Sequence[Meeting]) -> Units:
    return units_of([one.row.annotator for one in meetings], [one.row.prompt for one in meetings])
