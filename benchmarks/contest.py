"""Turns: every contender at every number of annotators, round after round, and what came of it."""

import multiprocessing
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

from benchmarks.load import Annotator, Load, run_load
from benchmarks.machine import Postgres, busy_seconds, cpu_seconds, tree
from benchmarks.report import Row, percentile, row_of_rounds
from benchmarks.servers import Server


@dataclass(frozen=True, slots=True)
class Reading:
    """CPU seconds so far: the web server, PostgreSQL (None where it is not used or not here), clients, the machine."""

    web: float
    postgres: float | None
    clients: float
    machine: float


@dataclass(frozen=True, slots=True)
class Contender:
    """One way of judging with one product, and what must be done before its turn."""

    label: str
    product: str
    server: Server
    annotators: Callable[[int, int], Sequence[Annotator]]
    read: Callable[[], Reading]
    prepare: Callable[[], None]


@dataclass(slots=True)
class Ledger:
    """What each product acknowledged, by the names its database knows the judgments by, and what it refused."""

    acknowledged: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def compare(self, product: str, stored: Sequence[tuple[str, int, int]], *, target: int = 1) -> dict[str, int]:
        """Hold the database against what was acknowledged.

        Args:
            stored: (name, comparison, annotator) of every judgment.
            target: judgments that a comparison wants.

        Returns: how many were acknowledged; lost; stored twice by one person; on comparisons above their target; and
            how many requests failed. A correct product has zeros after the first.
        """
        names = {name for name, _, _ in stored}
        by_person = Counter((comparison, annotator) for _, comparison, annotator in stored)
        by_comparison = Counter(comparison for _, comparison, _ in stored)
        return {
            "acknowledged": len(self.acknowledged[product]),
            "acknowledged but not stored": len(set(self.acknowledged[product]) - names),
            "stored twice": sum(count - 1 for count in by_person.values()),
            "comparisons above their target": sum(count > target for count in by_comparison.values()),
            "requests that failed": len(self.failures[product]),
        }


class Figures:
    """Every figure of every turn, by what it is, in which unit, whose it is and the number of annotators."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        self._others: list[float] = []

    def add(self, label: str, clients: int, load: Load, before: Reading, after: Reading) -> None:
        """Take in one turn, and print its line."""
        judgments = len(load.cycles)
        assert judgments, f"{label}, {clients} annotators: nothing was judged. {load.failures[:3]}"
        web = after.web - before.web
        postgres = None if after.postgres is None or before.postgres is None else after.postgres - before.postgres
        figures = {("judgments", "judgments/s"): judgments / load.seconds}
        for part, waits in waits_of(load).items():
            figures[f"{part}, median", "ms"] = 1000 * statistics.median(waits)
            figures[f"{part}, 95th percentile", "ms"] = 1000 * percentile(waits, 0.95)
        figures["server CPU, web", "ms/judgment"] = 1000 * web / judgments
        if postgres is not None:
            figures["server CPU, web + PostgreSQL", "ms/judgment"] = 1000 * (web + postgres) / judgments
        for (name, unit), value in figures.items():
            self._values[name, unit, clients][label].append(value)
        known = web + (postgres or 0.0) + after.clients - before.clients
        self._others.append(max(0.0, after.machine - before.machine - known) / load.seconds)
        print(
            f"  {label:38} {clients:3}: {judgments / load.seconds:7.1f} judgments/s, "
            f"CPU {1000 * (web + (postgres or 0.0)) / judgments:6.2f} ms a judgment, "
            f"others {self._others[-1]:.2f} cores, {len(load.failures)} failed",
            flush=True,
        )

    def rows(self, *, peer: str, beside: str) -> list[Row]:
        """One row for each figure and contender, with a ratio to the contender `beside` where that has the same.

        Args:
            peer: what rows with a ratio call it.
        """
        rows = [
            row_of_rounds(
                f"{name}, {clients} annotator{'s' * (clients > 1)}",
                label,
                values,
                unit,
                peer=peer,
                peer_values=by_label.get(beside, ()) if label != beside else (),
            )
            for (name, unit, clients), by_label in self._values.items()
            for label, values in by_label.items()
        ]
        return [*rows, row_of_rounds("CPU that others used meanwhile", "this machine", self._others, "cores")]


def waits_of(load: Load) -> dict[str, list[float]]:
    """Seconds that annotators waited: in all, and for next and for submit where these are two requests."""
    waits = {"whole cycle": [(cycle.next_seconds or 0.0) + cycle.submit_seconds for cycle in load.cycles]}
    asking = [cycle.next_seconds for cycle in load.cycles if cycle.next_seconds is not None]
    if len(asking) == len(load.cycles):
        waits |= {"next": asking, "submit": [cycle.submit_seconds for cycle in load.cycles]}
    return waits


def meter(server: Server, postgres: Postgres | None, database_url: str) -> Callable[[], Reading]:
    """What reads the CPU seconds around a window."""
    database = database_url.rpartition("/")[2]

    def read() -> Reading:
        own = [psutil.Process(), *(psutil.Process(child.pid) for child in multiprocessing.active_children())]
        return Reading(
            web=cpu_seconds(tree(server.root)),
            postgres=postgres.cpu_seconds(database) if postgres else None,
            clients=sum(sum(process.cpu_times()[:2]) for process in own),
            machine=busy_seconds(),
        )

    return read


def take_turns(
    contenders: Sequence[Contender],
    *,
    clients: Sequence[int],
    rounds: int,
    seconds: float,
    cycles_each: int,
    ledger: Ledger,
) -> Figures:
    """Let every contender work at every number of clients; every other round in the opposite order.

    Args:
        seconds, cycles_each: how long a measured window is open, see `run_load`.
    """
    figures = Figures()
    for number in range(rounds):
        for count in clients:
            for contender in contenders if number % 2 == 0 else reversed(contenders):
                contender.prepare()
                annotators = contender.annotators(contender.server.port, count)
                load, before, after = run_load(
                    annotators, seconds=seconds, cycles_each=cycles_each, meter=contender.read
                )
                ledger.acknowledged[contender.product] += load.acknowledged
                ledger.failures[contender.product] += load.failures
                figures.add(contender.label, count, load, before, after)
    return figures
