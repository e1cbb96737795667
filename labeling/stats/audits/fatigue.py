"""Fatigue: do judgments get worse, or quicker, as a session goes on?"""

import math
from collections.abc import Sequence

import numpy as np

from labeling.stats.audits.clusters import coefficient, numbered, units_of
from labeling.stats.audits.effects import Audit, Effect, finding, points
from labeling.stats.audits.models import Floats, centred, fit_line
from labeling.stats.audits.rows import AuditRow
from labeling.stats.audits.sessions import Moment, moments
from labeling.stats.audits.speed import Pace
from labeling.stats.undefined import Undefined

PER_NUMBER = 10  # slopes are stated for so many judgments


def fatigue_audit(rows: Sequence[AuditRow]) -> Audit:
    """Ask how agreement changes with each ten judgments and each hour of a session, and how dwell time does.

    Judgments are held against others of the same session alone, so that neither differences between people nor
    learning from one day to the next count.
    """
    placed = [(row, moment) for row, moment in zip(rows, moments(rows), strict=True) if moment is not None]
    judged = [(row, moment) for row, moment in placed if row.agreement is not None]
    timed = [(row, moment) for row, moment in placed if row.dwell_ms]
    agreement = np.array([row.agreement for row, _moment in judged], dtype=np.float64)
    dwell = np.array([math.log(row.dwell_ms or 1) for row, _moment in timed], dtype=np.float64)
    return Audit(
        name="fatigue",
        findings=(
            finding(
                "fatigue",
                "Does agreement fall with each ten judgments of a session?",
                slope_within_sessions(judged, agreement, [numbers_in_session(judged)], what="agreement"),
                lambda effect: (
                    f"With each {PER_NUMBER} further judgments of a session, agreement with gold or the "
                    f"others changes by {points(effect)}."
                ),
            ),
            finding(
                "fatigue.hour",
                "Does agreement fall with each hour of a session?",
                slope_within_sessions(
                    judged, agreement, [np.array([moment.hours for _row, moment in judged])], what="agreement"
                ),
                lambda effect: f"With each further hour of a session, agreement changes by {points(effect)}.",
            ),
            finding(
                "fatigue.dwell",
                "Do judgments get quicker with each ten of a session?",
                slope_within_sessions(timed, dwell, [numbers_in_session(timed), *to_read(timed)], what="dwell time"),
                lambda effect: (
                    f"With each {PER_NUMBER} further judgments of a session, the time for one is multiplied "
                    f"by {math.exp(effect.estimate):.3f} ({math.exp(effect.low):.3f} to {math.exp(effect.high):.3f})."
                ),
            ),
        ),
        left_out={
            "person or time not known": len(rows) - len(placed),
            "agreement not known": len(placed) - len(judged),
            "dwell time not known": len(placed) - len(timed),
        },
    )


def numbers_in_session(placed: Sequence[tuple[AuditRow, Moment]]) -> Floats:
    """How many judgments of the session came before each, in tens."""
    return np.array([moment.number / PER_NUMBER for _row, moment in placed], dtype=np.float64)


def to_read(placed: Sequence[tuple[AuditRow, Moment]]) -> list[Floats]:
    """One column, the log of the seconds that reading takes (and one more), if there is a text to each; else none."""
    pace, readings = Pace(), [row.reading for row, _moment in placed]
    known = [math.log1p(pace.seconds(reading)) for reading in readings if reading is not None]
    return [np.array(known)] if len(known) == len(readings) else []


def slope_within_sessions(
    placed: Sequence[tuple[AuditRow, Moment]], outcome: Floats, columns: Sequence[Floats], *, what: str
) -> Effect | Undefined:
    """How an outcome changes with the first column, beside the others, among judgments of the same session.

    n counts the judgments of sessions in which the first column varies; the others tell nothing of it.
    """
    if not placed:
        return Undefined(f"of no judgment the person, the time and the {what} are known")
    session = numbered([moment.session for _row, moment in placed])
    first = centred(columns[0], session, np.ones(len(placed)))
    telling = np.bincount(session, np.abs(first))[session] > 0
    if not telling.any():
        return Undefined("no session holds two judgments one after the other")
    rows = [row for (row, _moment), kept in zip(placed, telling, strict=True) if kept]
    session, weight = np.unique(session[telling], return_inverse=True)[1], np.ones(len(rows))
    design = centred(np.stack(columns, axis=1)[telling], session, weight)
    varying = design.any(axis=0)  # texts of one length say nothing of how length matters
    fit = fit_line(design[:, varying], centred(outcome[telling], session, weight), weight)
    return coefficient(fit, 0, units_of([row.annotator for row in rows], [row.prompt for row in rows]))
