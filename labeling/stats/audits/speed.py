"""Speed: are judgments faster than their texts can be read, and are they worse?"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from labeling.stats.audits.clusters import clustered_share, coefficient, numbered, units_of
from labeling.stats.audits.effects import Audit, Effect, finding, points, shares
from labeling.stats.audits.models import Floats, centred, fit_line
from labeling.stats.audits.rows import AuditRow, Reading
from labeling.stats.undefined import Undefined

# Adults read English silently at 175 to 300 words a minute (Brysbaert 2019, doi:10.1016/j.jml.2019.104047): at 500 one
# skims. Korean is read at some 200 words a minute, of about three syllables each; twice that is 1,300 characters. The
# same bound is lenient with Chinese characters, which say more each.
WORDS_PER_MINUTE = 500.0
WIDE_CHARACTERS_PER_MINUTE = 1300.0


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast words and wide characters can be read, each a minute.

    Raises: ValueError for a pace that is not above 0.
    """

    words_per_minute: float = WORDS_PER_MINUTE
    wide_characters_per_minute: float = WIDE_CHARACTERS_PER_MINUTE

    def __post_init__(self) -> None:
        if not min(self.words_per_minute, self.wide_characters_per_minute) > 0:
            raise ValueError("A reading pace is above 0.")

    def seconds(self, reading: Reading) -> float:
        """How long it takes to read all of it."""
        return 60 * (reading.words / self.words_per_minute + reading.wide_characters / self.wide_characters_per_minute)

    def __str__(self) -> str:
        return f"{self.words_per_minute:,.0f} words or {self.wide_characters_per_minute:,.0f} wide characters a minute"


def speed_audit(rows: Sequence[AuditRow], *, pace: Pace | None = None) -> Audit:
    """Ask whether judgments that came faster than their texts can be read agree less, and how many there are.

    A judgment is fast if it took less time than all there was to read takes at the pace. The headline holds all fast
    judgments against all others; the second finding everybody's fast ones against their own others.
    """
    pace = pace or Pace()
    timed = [row for row in rows if row.dwell_ms is not None and row.reading is not None]
    is_fast = np.array([_is_faster(row, pace) for row in timed], dtype=np.float64)
    return Audit(
        name="speed",
        findings=(
            finding(
                "speed",
                "Do judgments faster than reading agree less?",
                agreement_difference(timed, is_fast),
                lambda effect: (
                    f"The agreement of judgments faster than {pace} with gold or the others differs by "
                    f"{points(effect)} from that of slower ones."
                ),
            ),
            finding(
                "speed.same_person",
                "Do people's judgments faster than reading agree less than their own others?",
                agreement_difference(timed, is_fast, same_person=True),
                lambda effect: (
                    f"Within one person, the agreement of judgments faster than {pace} differs by {points(effect)} "
                    "from that of slower ones."
                ),
            ),
            finding(
                "speed.share",
                "How many judgments are faster than reading?",
                fast_share(timed, is_fast),
                lambda effect: f"{shares(effect)} of the judgments were faster than {pace}.",
            ),
        ),
        left_out={"time or text not known": len(rows) - len(timed)},
        by_annotator=fast_by_annotator(timed, is_fast),
    )


def _is_faster(row: AuditRow, pace: Pace) -> bool:
    return row.dwell_ms is not None and row.reading is not None and row.dwell_ms / 1000 < pace.seconds(row.reading)


def fast_share(timed: Sequence[AuditRow], is_fast: Floats) -> Effect | Undefined:
    """The share of judgments that are fast; nothing says what it would be without bias."""
    if not timed:
        return Undefined("of no judgment both the time it took and the text are known")
    units = units_of([row.annotator for row in timed], [row.prompt for row in timed])
    return clustered_share(is_fast, np.ones(len(timed)), units, null=None)


def fast_by_annotator(timed: Sequence[AuditRow], is_fast: Floats) -> dict[Hashable, Effect | Undefined]:
    """The same of each known annotator alone, over their prompts."""
    theirs: dict[Hashable, list[int]] = {}
    for index, row in enumerate(timed):
        if row.annotator is not None:
            theirs.setdefault(row.annotator, []).append(index)
    return {
        annotator: fast_share([timed[index] for index in indices], is_fast[indices])
        for annotator, indices in theirs.items()
    }


def agreement_difference(
    timed: Sequence[AuditRow], is_fast: Floats, *, same_person: bool = False
) -> Effect | Undefined:
    """Mean agreement of fast judgments less that of the others, 0 to 1; within each person if `same_person`."""
    judged = [(row, fast) for row, fast in zip(timed, is_fast, strict=True) if row.agreement is not None]
    if same_person:
        judged = [(row, fast) for row, fast in judged if row.annotator is not None]
    fast_ones = sum(fast for _row, fast in judged)
    if not 0 < fast_ones < len(judged):
        return Undefined("there are not both fast and other judgments whose agreement is known")
    rows, weight = [row for row, _fast in judged], np.ones(len(judged))
    fast = np.array([one for _row, one in judged])
    agreement = np.array([row.agreement for row in rows], dtype=np.float64)
    units = units_of([row.annotator for row in rows], [row.prompt for row in rows])
    person = numbered([row.annotator for row in rows]) if same_person else np.zeros(len(rows), dtype=np.intp)
    design = centred(fast, person, weight)[:, None]
    return coefficient(fit_line(design, centred(agreement, person, weight), weight), 0, units)
