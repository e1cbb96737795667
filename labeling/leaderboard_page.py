"""A leaderboard as its page shows it: lines, a chart, matrices, and what to know about them in a sentence each."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from labeling.charts import IntervalChart, Measure, interval_chart, percent, three_decimals
from labeling.models import LeaderboardReport
from labeling.reasons import say_reason

Board = Mapping[str, Any]
MATRIX_POLICIES = 20  # more columns than that nobody reads
ANNOTATORS_SHOWN = 20
TINTS = 5  # steps of colour to each side of one half


@dataclass(frozen=True, slots=True)
class Line:
    """One policy in the table."""

    place: int
    policy: str
    rank: str
    ranks: str
    score: str
    scores: str
    why_not: str
    pairs: int
    prompts: int
    win_rate: str
    win_rates: str
    styled_rank: str
    styled_score: str


@dataclass(frozen=True, slots=True)
class Group:
    """Policies on one scale: the lines of the table, and the same as a chart."""

    lines: tuple[Line, ...]
    chart: IntervalChart | None


@dataclass(frozen=True, slots=True)
class Cell:
    """How often the row's policy wins against the column's: `tint` is a class of static/css/leaderboard.css."""

    text: str
    tint: str
    prompts: int = 0


@dataclass(frozen=True, slots=True)
class MatrixRow:
    place: int
    policy: str
    cells: tuple[Cell, ...]


def points(value: float) -> str:
    return f"{value:.0f}"


def groups_of(report: LeaderboardReport) -> list[Group]:
    """The table, one group of policies on one scale after the other."""
    lines = [_line(place, line) for place, line in enumerate(report.result["standings"], start=1)]
    found = []
    for number, _members in enumerate(report.result["groups"]):
        theirs = [line for line in report.result["standings"] if line["group"] == number]
        drawn = [line for line in theirs if line["score"]["value"] is not None]
        found.append(
            Group(
                lines=tuple(
                    shown
                    for shown, line in zip(lines, report.result["standings"], strict=True)
                    if line["group"] == number
                ),
                chart=interval_chart([_measure(line) for line in theirs], say=points) if drawn else None,
            )
        )
    return found


def _line(place: int, line: Board) -> Line:
    styled = line["equal_style"] or {}
    return Line(
        place=place,
        policy=line["policy"],
        rank=_value(line["rank"], str),
        ranks=_ends(line["rank"], str),
        score=_value(line["score"], points),
        scores=_ends(line["score"], points),
        why_not=undefined(line["score"]["undefined"]),
        pairs=line["pairs"],
        prompts=line["prompts"],
        win_rate=_value(line["win_rate"], percent),
        win_rates=_ends(line["win_rate"], percent),
        styled_rank=_value(styled["rank"], str) if styled else "–",
        styled_score=_value(styled["score"], points) if styled else "–",
    )


def _measure(line: Board) -> Measure:
    score = line["score"]
    return Measure(
        label=line["policy"],
        value=score["value"],
        low=score["low"],
        high=score["high"],
        note=undefined(score["undefined"]),
    )


def _value(figure: Board, say: Any) -> str:
    return "–" if figure["value"] is None else say(figure["value"])


def _ends(figure: Board, say: Any) -> str:
    return "" if figure["low"] is None else f"{say(figure['low'])} – {say(figure['high'])}"


def undefined(because: str | None) -> str:
    """Why there is no value, or no interval, as a sentence; "" where there is one."""
    return _("Undefined, because %(reason)s.") % {"reason": say_reason(because)} if because else ""


def matrices_of(report: LeaderboardReport) -> tuple[list[MatrixRow], list[MatrixRow]]:
    """What was judged of each two policies, and what the model expects: shares that the row's policy won."""
    order = [line["policy"] for line in report.result["standings"]][:MATRIX_POLICIES]
    pairs = {(pair["policy"], pair["against"]): pair for pair in report.result["pairs"]}
    judged, expected = [], []
    for place, policy in enumerate(order, start=1):
        met = [pairs.get((policy, other)) for other in order]
        judged.append(MatrixRow(place, policy, tuple(_cell(pair and pair["value"], pair) for pair in met)))
        expected.append(MatrixRow(place, policy, tuple(_cell(_expected(pair), None) for pair in met)))
    return judged, expected


def _expected(pair: Board | None) -> float | None:
    if not pair or not pair["chance"]:
        return None
    return float(pair["chance"]["win"] + pair["chance"]["tie"] / 2)


def _cell(share: float | None, pair: Board | None) -> Cell:
    if share is None:
        return Cell("–", "tint-none")
    step = min(TINTS, round(abs(share - 0.5) * 2 * TINTS))
    side = "win" if share > 0.5 else "loss"
    return Cell(f"{100 * share:.0f} %", f"tint-{side}-{step}" if step else "tint-even", pair["prompts"] if pair else 0)


def style_chart(report: LeaderboardReport) -> IntervalChart | None:
    """What a typical difference in length or Markdown does to the odds of winning, in nats."""
    if not report.result["style"]:
        return None
    names = {"length": _("length"), "headers": _("headers"), "lists": _("list items"), "bold": _("bold")}
    measures = [
        Measure(
            label=names[effect["covariate"]],
            value=effect["value"],
            low=effect["low"],
            high=effect["high"],
            note=undefined(effect["undefined"]),
        )
        for effect in report.result["style"]["effects"]
    ]
    return interval_chart(measures, reference=0.0)


def annotator_lines(report: LeaderboardReport) -> list[dict[str, Any]]:
    """Whose choices between pairs went in circles, with shares in words."""
    return [
        {**line, "said": _value(line, percent), "between": _ends(line, percent)}
        for line in report.result["annotators"][:ANNOTATORS_SHOWN]
    ]


def cycle_lines(report: LeaderboardReport) -> list[dict[str, Any]]:
    """Circles of three policies, the best supported first."""
    return [
        {
            "said": " → ".join([*cycle["policies"], cycle["policies"][0]]),
            "weakest": percent(cycle["weakest"]),
            "support": three_decimals(cycle["support"]),
        }
        for cycle in report.result["cycles"]["cycles"]
    ]


def notes_of(report: LeaderboardReport) -> list[str]:
    """What to know of the figures, in one sentence each."""
    board, asked = report.result, report.asked
    notes = [_ties_note(board, asked["method"]), _weight_note(asked["method"], asked["weight"]), _counts_note(board)]
    notes.append(_("Points: 400 more are odds of ten to one, and the mean policy of a group has 1000."))
    notes.append(_interval_note(asked["method"]))
    if len(board["groups"]) > 1:
        notes.append(
            _(
                "The judgments order the policies both ways only within %(n)s groups, shown one below the other; "
                "points of different groups do not compare."
            )
            % {"n": len(board["groups"])}
        )
    if board["not_ranked"]:
        notes.append(
            ngettext(
                "%(n)s ranking ties more than eight responses and is left out.",
                "%(n)s rankings tie more than eight responses and are left out.",
                board["not_ranked"],
            )
            % {"n": board["not_ranked"]}
        )
    if board["style"]:
        notes.append(_style_note(board["style"]["left_out"]))
    return notes


def _ties_note(board: Board, method: str) -> str:
    said = {
        "davidson": _("Bradley–Terry: a tie says that two policies are close (Davidson's model)."),
        "half": _("Bradley–Terry: a tie is half a win for each."),
        "rao-kupper": _("Bradley–Terry: a tie says that the difference was too small to notice (Rao and Kupper)."),
        "plackett-luce": _(
            "Plackett–Luce: a ranking is a series of choices of the best, and ties are broken in every way."
        ),
        "elo": _("Elo: the mean of 50 shuffled orders of the judgments; a tie is half a win for each."),
    }[method]
    if method == "plackett-luce" and board["counts"]["largest"] == 2:
        return said + " " + _("All rankings are of two responses, so that this is Bradley–Terry with ties as half.")
    figures = [three_decimals(one["value"]) for one in board["tie_parameters"] if one and one["value"] is not None]
    if figures:
        said += " " + _("The tie parameter is %(figures)s.") % {"figures": ", ".join(figures)}
    return said


def _weight_note(method: str, weight: str) -> str:
    if weight == "unit" or method == "plackett-luce":
        return _("A prompt weighs one, however many people ranked however many responses.")
    if weight == "judgment":
        return _("A judgment weighs one, however many responses it ranks.")
    return _("Each pair of responses weighs one, so that long rankings count most.")


def _counts_note(board: Board) -> str:
    return _("%(ties)s of %(pairs)s pairs are ties.") % {
        "ties": board["counts"]["ties"],
        "pairs": board["counts"]["pairs"],
    }


def _interval_note(method: str) -> str:
    if method == "elo":
        return _("Intervals hold 95 %% of 100 rounds in which prompts are weighed anew and judgments shuffled.") % {}
    return _("Intervals hold 95 %% of 200 rounds in which prompts are weighed anew (Bayesian bootstrap).") % {}


def _style_note(left_out: int) -> str:
    said = _("At equal style, what differs in length and Markdown is fitted along, a tie being half a win.")
    if left_out:
        said += " " + ngettext(
            "%(n)s pair is left out of that, because a response is no plain text.",
            "%(n)s pairs are left out of that, because a response is no plain text.",
            left_out,
        ) % {"n": left_out}
    return said


def circles_note(report: LeaderboardReport) -> str:
    """How many threes of policies go in a circle, and how many would by noise alone."""
    cycles = report.result["cycles"]
    if not cycles["triads"]:
        return undefined("no three of them were all compared with each other and told apart")
    said = _("%(circular)s of %(triads)s threes of policies go in a circle: A beats B, B beats C, C beats A.") % {
        "circular": cycles["circular"],
        "triads": cycles["triads"],
    }
    noise = cycles["by_noise"]
    if noise["low"] is None:
        return said
    return (
        said
        + " "
        + _("Noise alone would make %(low)s to %(high)s of them circular.")
        % {
            "low": percent(noise["low"]),
            "high": percent(noise["high"]),
        }
    )
