"""What the next comparison costs, however many there are, and however many somebody has judged.

For each engine and size a database of its own: comparisons that want three judgments each, every fifth of them
finished by others; somebody who has judged nothing, and somebody who has judged the first 20,000 (in a project of
10,000: half of them there, and the rest in another project). `uncertainty` and `information` go by priority and are not
run twice.

- **next**: `lease_next` with its commit, and what the lease shows, as the API does for a request.
- **draw**: only choosing and taking the slot, in a transaction that is rolled back.

The sizes take turns with every single lease, so that whatever else the machine does meets all of them.
"""

import argparse
import json
import statistics
from contextlib import ExitStack

from benchmarks.report import Row, installed, percentile
from benchmarks.servers import Unavailable
from benchmarks.subject import Subject, filled

SIZES = (10_000, 100_000, 1_000_000)
QUICK_SIZES = (1_000, 10_000)
POLICIES = ("in_order", "breadth", "depth", "priority", "random")
PEOPLE = ("fresh", "20,000 judged")
WARM_UP = 10
ENGINES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", help="comparisons; the first size is what others are held to")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--leases", type=int, default=200, help="leases timed for each order and person")
    parser.add_argument("--postgres", help="URL of a server on which databases may be made")


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    sizes = arguments.sizes or (QUICK_SIZES if arguments.quick else SIZES)
    leases = 20 if arguments.quick else arguments.leases
    versions = installed("Django", "psycopg")
    rows: list[Row] = []
    for engine in arguments.engines:
        with ExitStack() as stack:
            try:
                subjects = {
                    size: stack.enter_context(filled("benchmarks.queue_subject", engine, size, arguments.postgres))
                    for size in sizes
                }
            except Unavailable as reason:
                print(f"  {engine} left out: {reason}")
                versions[engine] = "not measured: no server answered"
                continue
            versions[engine] = subjects[sizes[0]].told["version"]
            for policy in POLICIES:
                for person in PEOPLE:
                    rows += measure_order(engine, policy, person, subjects, leases)
    return rows, versions


def measure_order(engine: str, policy: str, person: str, subjects: dict[int, Subject], leases: int) -> list[Row]:
    """The figures of one order and person at each size, the sizes taking turns with every single lease."""
    rows = []
    label, base = f"{ENGINES[engine]}, {policy}, {person}", next(iter(subjects))
    for what in ("draw", "next"):
        seconds: dict[int, list[float]] = {size: [] for size in subjects}
        for number in range(WARM_UP + leases):
            for size, subject in subjects.items():
                spent = subject.ask(question(what, policy, person))
                if number >= WARM_UP:
                    seconds[size].append(spent)
        for name, figure in (("median", statistics.median), ("p95", lambda values: percentile(values, 0.95))):
            for size, spent in seconds.items():
                value, beside = 1000 * figure(spent), 1000 * figure(seconds[base])
                peer = None if size == base else f"at {base:,}"
                rows.append(
                    Row(f"{what} at {size:,}, {name}", label, peer, value, "ms", value / beside if peer else None)
                )
    for size, subject in subjects.items():
        counted = subject.ask(question("statements", policy, person))
        rows.append(Row(f"SQL statements of next at {size:,}", label, None, counted, "statements"))
    return rows


def question(what: str, policy: str, person: str) -> str:
    """What the subject is asked for: one measure, in one order, for one person."""
    return json.dumps({"what": what, "policy": policy, "person": person})
