"""Sessions: how long somebody had been judging when a judgment came."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from labeling.stats.audits.rows import AuditRow

LONGEST_GAP = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Moment:
    """Where in its session a judgment stands.

    Attributes:
        session: whose, and which of theirs.
        number: how many judgments of the session came before; of judgments at the same time the least.
        hours: since the first judgment of the session.
    """

    session: Hashable
    number: int
    hours: float


def moments(rows: Sequence[AuditRow], *, longest_gap: timedelta = LONGEST_GAP) -> list[Moment | None]:
    """Where each judgment stands in its session; a new one begins after a longer gap. None without person or time."""
    timed: dict[Hashable, list[tuple[datetime, int]]] = {}
    for index, row in enumerate(rows):
        if row.annotator is not None and row.judged_at is not None:
            timed.setdefault(row.annotator, []).append((row.judged_at, index))
    found: list[Moment | None] = [None] * len(rows)
    for annotator, theirs in timed.items():
        theirs.sort()
        session = number = count = 0
        start = before = theirs[0][0]
        for judged_at, index in theirs:
            if judged_at - before > longest_gap:
                session, number, count, start = session + 1, 0, 0, judged_at
            elif judged_at > before:
                number = count
            hours = (judged_at - start) / timedelta(hours=1)
            found[index] = Moment((annotator, session), number, hours)
            before, count = judged_at, count + 1
    return found
