"""What a page of the administration costs, however many rows there are.

For each engine and size a database of its own: comparisons, judgments, assignments and reviews, so many of each, nearly
all in one project beside a small one; half as many runs, and as many lines of metrics of one of them. Each list is
opened as an owner opens it, bare, by each of its filters, by what its search box finds, and on its second page; and one
judgment and one comparison are. The sizes take turns with every single page. What is timed is the request inside the
web process, without the network.
"""

import argparse
import statistics
from contextlib import ExitStack

from benchmarks.report import Row, installed, percentile
from benchmarks.servers import Unavailable
from benchmarks.subject import Subject, filled

SMALL, LARGE = 10_000, 1_000_000
QUICK = (500, 2_000)
WARM_UP = 6  # PostgreSQL keeps a plan from the sixth time on, if it keeps any
ENGINES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, default=LARGE, help=f"judgments, held to a project of {SMALL:,}")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--rounds", type=int, default=15, help="how often each page is opened and timed")
    parser.add_argument("--postgres", help="URL of a server on which databases may be made")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    sizes = QUICK if arguments.quick else (SMALL, arguments.rows)
    rounds = 3 if arguments.quick else arguments.rounds
    versions = installed("Django", "psycopg")
    rows: list[Row] = []
    for engine in arguments.engines:
        with ExitStack() as stack:
            try:
                subjects = {
                    size: stack.enter_context(filled("benchmarks.admin_subject", engine, size, arguments.postgres))
                    for size in sizes
                }
            except Unavailable as reason:
                print(f"  {engine} left out: {reason}")
                versions[engine] = "not measured: no server answered"
                continue
            versions[engine] = subjects[sizes[0]].told["version"]
            pages = [page for page in subjects[sizes[0]].told["pages"] if page in subjects[sizes[1]].told["pages"]]
            for page in pages:
                rows += measure_page(ENGINES[engine], page, subjects, rounds)
    return rows, versions


def measure_page(engine: str, page: str, subjects: dict[int, Subject], rounds: int) -> list[Row]:
    """Median and 95th percentile of one page at each size."""
    spent: dict[int, list[float]] = {size: [] for size in subjects}
    for turn in range(WARM_UP + rounds):
        for size, subject in subjects.items():
            milliseconds = subject.ask(page)["ms"]
            if turn >= WARM_UP:
                spent[size].append(milliseconds)
    base, rows = next(iter(subjects)), []
    for figure_name, figure in (("median", statistics.median), ("p95", lambda values: percentile(values, 0.95))):
        for size, values in spent.items():
            peer = None if size == base else f"at {base:,}"
            ratio = figure(values) / figure(spent[base]) if peer else None
            rows.append(Row(f"{page}, {figure_name}", f"{engine}, {size:,} rows", peer, figure(values), "ms", ratio))
    return rows
