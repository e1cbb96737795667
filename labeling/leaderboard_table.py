"""A leaderboard's table as CSV, for spreadsheets."""

import csv
import io
from typing import Any

from labeling.models import LeaderboardReport
from preferences.containers.cells import write_cell

COLUMNS = (
    "group",
    *("rank", "rank_low", "rank_high", "policy"),
    *("score", "score_low", "score_high", "pairs", "prompts"),
    *("win_rate", "win_rate_low", "win_rate_high"),
    *("average_win_rate", "average_win_rate_low", "average_win_rate_high"),
    *("equal_style_rank", "equal_style_score", "undefined"),
)


def leaderboard_csv(report: LeaderboardReport) -> str:
    """A line for each policy; a figure that is not defined is an empty cell, and the last column says why."""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\r\n")
    table.writeheader()
    for line in report.result["standings"]:
        table.writerow({name: write_cell(value) for name, value in _row(line).items()})
    return text.getvalue()


def _row(line: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"group": line["group"] + 1, "policy": line["policy"]}
    for name in ("rank", "score", "win_rate", "average_win_rate"):
        row |= {name: line[name]["value"], f"{name}_low": line[name]["low"], f"{name}_high": line[name]["high"]}
    styled = line["equal_style"]
    if styled:
        row |= {"equal_style_rank": styled["rank"]["value"], "equal_style_score": styled["score"]["value"]}
    return row | {"pairs": line["pairs"], "prompts": line["prompts"], "undefined": line["score"]["undefined"]}
