"""`python -m benchmarks.leaderboard FOLDER`: leaderboards of public judgments, beside what was published.

Reads what a folder holds of these, each known by its fields:

- pairs (`left`, `right`, `winner`), CSV; a file of the same name that ends in `-golden.csv` (`algorithm`, `item`,
  `score`) holds another library's results, and the largest difference from them is printed;
- where the pairs have an `id` and a `worker` too: intervals over those ids, circles, and how consistent people are;
- six choices among four responses (`preference`), JSON: how many circles there are;
- texts of the same folder (`name`, `prompt`, `result`), JSONL: the leaderboard at equal style.

`--speed` measures 200,000 made-up pairs of 50 policies besides. `python -m benchmarks leaderboard` leaves the
differences from the other library, circles and speeds in benchmarks/results/leaderboard.json.
"""

import argparse
import csv
import gzip
import json
import lzma
import random
import sys
import time
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import public_folder
from benchmarks.report import Row, installed
from labeling.stats.elo import elo_ratings
from labeling.stats.intervals import Interval
from labeling.stats.leaderboard import bradley_terry_leaderboard, elo_leaderboard, plackett_luce_leaderboard
from labeling.stats.majority_cycles import majority_cycles
from labeling.stats.outcomes import Outcomes, PolicyRanking, outcomes_of, outcomes_of_pairs
from labeling.stats.scale import NATS
from labeling.stats.standings import Leaderboard, Score
from labeling.stats.style import style_differences
from labeling.stats.style_control import style_controlled_leaderboard
from labeling.stats.text_features import text_features
from labeling.stats.transitivity import PairVerdict, consistency_of_annotators
from labeling.stats.undefined import Undefined
from labeling.stats.win_rates import win_rates

SCORES = {"left": 1.0, "right": 0.0, "tie": 0.5}
VERDICTS = {"left": ((0,), (1,)), "right": ((1,), (0,)), "tie": ((0, 1),)}
TIES = ("half", "davidson", "rao-kupper")
SHOWN = 5
SPEED_PAIRS, SPEED_POLICIES, SPEED_ROUNDS = 200_000, 50, 200


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.leaderboard",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args(words)
    found = False
    for path in sorted(arguments.folder.rglob("*.csv*")):
        rows = rows_of(path)
        if not rows or not {"left", "right", "winner"} <= set(rows[0]):
            continue
        found = True
        print(f"{path.relative_to(arguments.folder)}: {len(rows):,} judgments")
        for line in compared_with_golden(path, rows) if "worker" not in rows[0] else crowd(path, rows):
            print(f"  {line}")
    for path in sorted(arguments.folder.rglob("*.json.xz")):
        if verdicts := choices_of_four(path):
            found = True
            print(f"{path.relative_to(arguments.folder)}: {len(verdicts):,} choices")
            for line in consistency_lines(verdicts):
                print(f"  {line}")
    if arguments.speed:
        print(f"{SPEED_PAIRS:,} pairs of {SPEED_POLICIES} policies, {SPEED_ROUNDS} rounds")
        for name, seconds in speed(SPEED_PAIRS, SPEED_ROUNDS):
            print(f"  {name:36} {seconds:6.2f} s")
    if not found:
        print(f"{arguments.folder} holds no pairs in a form that this command reads.", file=sys.stderr)
    return 0 if found else 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    public_folder.add_arguments(parser)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """How far our leaderboards are from another library's, circles in crowds, and how long a large one takes."""
    rows: list[Row] = []
    folder = public_folder.folder_of(arguments)
    for path in sorted(folder.rglob("*.csv*")) if folder else ():
        judged = rows_of(path)
        if not judged or not {"left", "right", "winner"} <= set(judged[0]):
            continue
        subject = str(path.relative_to(folder or path))
        if "worker" not in judged[0]:
            for name, found in differences_from_golden(path, judged):
                rows.append(Row(f"{name}: farthest from evalica", subject, None, 1e9 * found, "× 10⁻⁹"))
            continue
        outcomes = outcomes_of_pairs(
            [row["left"] for row in judged],
            [row["right"] for row in judged],
            [SCORES[row["winner"]] for row in judged],
        )
        cycles = majority_cycles(outcomes)
        rows.append(Row("circles of majorities", subject, None, cycles.circular, f"of {cycles.triads} triads"))
    pairs, rounds = (2_000, 20) if arguments.quick else (SPEED_PAIRS, SPEED_ROUNDS)
    subject = f"{pairs:,} pairs of {SPEED_POLICIES} policies, {rounds} rounds"
    rows += [Row(name, subject, None, seconds, "s") for name, seconds in speed(pairs, rounds)]
    return rows, public_folder.versions_with(folder, installed("evalica", "numpy", "scipy"))


def rows_of(path: Path) -> list[dict[str, str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    return list(csv.DictReader(text.splitlines()))


def compared_with_golden(path: Path, rows: list[dict[str, str]]) -> Iterator[str]:
    for name, found in differences_from_golden(path, rows):
        yield f"{name}: at most {found:.1e} apart" if found < np.inf else f"{name}: other items than theirs"


def differences_from_golden(path: Path, rows: list[dict[str, str]]) -> Iterator[tuple[str, float]]:
    """The largest difference from another library's results, on its scales; infinite where it names other items."""
    outcomes = outcomes_of_pairs(
        [row["left"] for row in rows], [row["right"] for row in rows], [SCORES[row["winner"]] for row in rows]
    )
    golden: dict[str, dict[str, float]] = {}
    for row in rows_of(path.with_name(f"{path.stem}-golden.csv")):
        golden.setdefault(row["algorithm"], {})[row["item"]] = float(row["score"])
    board = bradley_terry_leaderboard(outcomes, scale=NATS)
    logs = {name: float(np.log(score)) for name, score in golden["bradley_terry"].items()}
    middle = sum(logs.values()) / len(logs)
    ours = {one.policy: one.score.value for one in board.standings if isinstance(one.score, Score)}
    yield "Bradley–Terry, nats", difference(ours, {name: log - middle for name, log in logs.items()})
    ours = dict(zip(outcomes.policies, elo_ratings(outcomes).as_given.tolist(), strict=True))
    yield "Elo in the order given, points", difference(ours, golden["elo"])
    ours = {one.policy: one.average.value for one in win_rates(outcomes) if isinstance(one.average, Score)}
    yield "average win rate", difference(ours, golden["average_win_rate"])


def difference(ours: dict[str, float], theirs: dict[str, float]) -> float:
    return max(abs(ours[item] - theirs[item]) for item in theirs) if set(ours) == set(theirs) else float("inf")


def crowd(path: Path, rows: list[dict[str, str]]) -> Iterator[str]:
    """Every leaderboard of one crowd's judgments; a pair of answers, judged several times, is the unit."""
    ties = sum(row["winner"] == "tie" for row in rows)
    rankings = [PolicyRanking((row["left"], row["right"]), VERDICTS[row["winner"]], row["id"]) for row in rows]
    outcomes = outcomes_of(rankings)
    people = len({row["worker"] for row in rows})
    yield f"{len(outcomes.policies)} policies, {outcomes.units} units, {people} people, {ties / len(rows):.1%} ties"
    for model in TIES:
        yield from board_lines(bradley_terry_leaderboard(outcomes, ties_as=model))
    yield from board_lines(plackett_luce_leaderboard(rankings))
    yield from board_lines(elo_leaderboard(outcomes))
    ratings = elo_ratings(outcomes)
    moved = float(np.abs(ratings.shuffled - ratings.mean).max())
    yield f"Elo moves by up to {moved:.1f} points with the order alone"
    best = win_rates(outcomes)[0]
    yield f"win rate, the highest average: {best.policy}, {told(best.average, 3)}, over {len(best.against)} opponents"
    yield from circles(outcomes, rows)
    yield from styled(path.parent, outcomes, rows)


def board_lines(board: Leaderboard) -> Iterator[str]:
    yield board.method
    if board.apart is not None:
        yield f"  {len(board.groups)} groups: {board.apart.because[:110]}…"
    for group in board.groups:
        if group.tie_parameter is not None:
            yield f"  tie parameter {told(group.tie_parameter, 3)}"
        for line in group.standings[:SHOWN]:
            rank = f"rank {line.rank.low}–{line.rank.high}" if not isinstance(line.rank, Undefined) else ""
            yield f"  {line.policy:28} {told(line.score, 0)} {rank}, {line.units} units"


def circles(outcomes: Outcomes, rows: list[dict[str, str]]) -> Iterator[str]:
    found = majority_cycles(outcomes)
    sure = sum(cycle.support >= 0.95 for cycle in found.cycles)
    yield (
        f"circles of majorities: {found.circular} of {found.triads} triads, {found.circular / found.triads:.3f}; "
        f"by noise {span(found.by_noise, 3)}; "
        f"{sure} with support 0.95 or more"
    )
    verdicts = [
        PairVerdict(row["worker"], row["prompt"], row["left"], row["right"], SCORES[row["winner"]]) for row in rows
    ]
    yield from consistency_lines(verdicts)


def consistency_lines(verdicts: Sequence[PairVerdict]) -> Iterator[str]:
    """How consistent people are, all together."""
    everybody = consistency_of_annotators(verdicts).values()
    sums = {
        name: sum(getattr(one, name) for one in everybody) for name in ("triads", "circular", "tied", "tied_misfits")
    }
    yield (
        f"circles within people, on one prompt: {sums['circular']} of {sums['triads']} triads; "
        f"{sums['tied_misfits']} of {sums['tied']} threes with a tie fit no order"
    )


def choices_of_four(path: Path) -> list[PairVerdict]:
    """Six choices among each four responses, by people who are not told apart, so that each prompt has its own."""
    rows = json.loads(lzma.decompress(path.read_bytes()))
    if not all("preference" in row for row in rows):
        return []
    scores = {0: 0.5, 1: 1.0, 2: 0.0}
    return [
        PairVerdict("somebody", number, one, other, scores[choice])
        for number, row in enumerate(rows)
        for (one, other), choice in zip(combinations(range(4), 2), row["preference"], strict=True)
    ]


def styled(folder: Path, outcomes: Outcomes, rows: list[dict[str, str]]) -> Iterator[str]:
    texts: dict[tuple[str, str], str] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        for row in json_rows(path):
            if {"name", "prompt", "result"} <= set(row):
                texts[row["name"], str(row["prompt"])] = row["result"]
    features = {key: text_features(text) for key, text in texts.items()}
    shown = [tuple(features.get((row[side], row["prompt"])) for side in ("left", "right")) for row in rows]
    found = style_controlled_leaderboard(outcomes, style_differences(outcomes, shown))
    yield from board_lines(found.leaderboard)
    yield f"  {found.left_out} pairs left out: a text is not known"
    for effect in found.effects:
        yield f"  {effect.covariate:8} {told(effect.coefficient, 3)} nats, typical difference {effect.typical:.2f}"


def json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def told(score: Score | Undefined, digits: int) -> str:
    if isinstance(score, Undefined):
        return f"undefined, because {score.because}"
    return f"{score.value:.{digits}f} ({span(score.interval, digits)})"


def span(interval: Interval | Undefined, digits: int) -> str:
    if isinstance(interval, Undefined):
        return "no interval"
    return f"{interval.low:.{digits}f} to {interval.high:.{digits}f}"


def speed(count: int, rounds: int) -> Iterator[tuple[str, float]]:
    """How many seconds each leaderboard takes on so many made-up pairs, with intervals from so many rounds."""
    draw = random.Random(0)
    strengths = [draw.gauss(0, 0.8) for _policy in range(SPEED_POLICIES)]
    pairs = [draw.sample(range(SPEED_POLICIES), 2) for _pair in range(count)]
    winners = [draw.choices(("left", "right", "tie"), odds(strengths[a] - strengths[b]))[0] for a, b in pairs]
    first, second = ([f"policy {pair[side]}" for pair in pairs] for side in (0, 1))
    outcomes = outcomes_of_pairs(first, second, [SCORES[winner] for winner in winners])
    rankings = [
        PolicyRanking((one, other), VERDICTS[winner], unit)
        for unit, (one, other, winner) in enumerate(zip(first, second, winners, strict=True))
    ]
    differences = np.random.default_rng(0).uniform(-1, 1, (count, 4))
    work = {
        "from rankings to outcomes": lambda: outcomes_of(rankings),
        **{
            f"Bradley–Terry, ties as {model}": lambda model=model: bradley_terry_leaderboard(
                outcomes, ties_as=model, rounds=rounds
            )
            for model in TIES
        },
        "Plackett–Luce": lambda: plackett_luce_leaderboard(rankings, rounds=rounds),
        "Elo, 50 orders": lambda: elo_leaderboard(outcomes, rounds=rounds),
        "style control": lambda: style_controlled_leaderboard(outcomes, differences),
        "win rates": lambda: win_rates(outcomes),
        "circles": lambda: majority_cycles(outcomes, rounds=rounds),
    }
    for name, call in work.items():
        start = time.perf_counter()
        call()
        yield name, time.perf_counter() - start


def odds(lead: float) -> tuple[float, float, float]:
    return float(np.exp(lead / 2)), float(np.exp(-lead / 2)), 0.8


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
