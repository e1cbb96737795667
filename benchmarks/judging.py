"""The annotator's whole cycle over HTTP beside Label Studio's: ask for the next comparison, send the verdict.

1, 16 and 64 annotators, each a person with a token, go on without thinking. Both products stand on the same PostgreSQL
server and hold the same pairs, 10,000 of them open; they take turns, and every other round in the opposite order. Ours
is measured twice: with two requests a judgment, as the peer works, and with one, where the answer to a verdict brings
the next comparison. Then the databases are read: every acknowledged judgment must be stored, none twice, and none above
a comparison's target; and all of it again on SQLite, ours alone.

Clients share the cores with the servers. Statements are counted on the wire before the turns.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks import label_studio
from benchmarks.contest import Contender, Figures, Ledger, meter, take_turns
from benchmarks.label_studio import LabelStudio
from benchmarks.load import Annotator
from benchmarks.machine import Postgres
from benchmarks.plumbline import Plumbline
from benchmarks.report import Row, installed
from benchmarks.servers import Unavailable, fresh_postgres
from benchmarks.wire import StatementCounter

CLIENTS = (1, 16, 64)
COUNTED_JUDGMENTS = 10
QUICK = {"rounds": 1, "seconds": 3.0, "cycles": 1, "rows": 2000}
FULL = {"rounds": 3, "seconds": 10.0, "cycles": 3, "rows": 10_000}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, help=f"turns of each ({FULL['rounds']})")
    parser.add_argument("--seconds", type=float, help=f"length of each measured window ({FULL['seconds']:g})")
    parser.add_argument("--cycles", type=int, help=f"judgments of each annotator in it, at least ({FULL['cycles']})")
    parser.add_argument("--rows", type=int, help=f"comparisons that are open when a turn begins ({FULL['rows']})")
    label_studio.add_arguments(parser)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    for name, value in (QUICK if arguments.quick else FULL).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
    versions = installed("Django", "gunicorn", "psycopg")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        try:
            database_url = stack.enter_context(fresh_postgres(arguments.postgres, prefix="plumbline_bench"))
        except Unavailable as reason:
            print(f"  POSTGRESQL AND THE PEER ARE MISSING: {reason}")
            versions |= {"postgresql": "not measured", "label-studio": "not measured"}
        else:
            rows += _measure_postgres(arguments, Path(folder), database_url, versions)
    with tempfile.TemporaryDirectory() as folder:
        rows += _measure_sqlite(arguments, Path(folder))
    return rows, versions


def _measure_postgres(
    arguments: argparse.Namespace, folder: Path, database_url: str, versions: dict[str, str]
) -> list[Row]:
    """Both products on one PostgreSQL server, in turns."""
    ledger = Ledger()
    ours = Plumbline(folder / "plumbline", database_url)
    ours.fill(people=max(CLIENTS))
    ours.top_up(arguments.rows)
    with ExitStack() as stack:
        rows = _count_ours(ours, ledger)
        contenders = _ours(ours, stack, arguments.rows, ledger)
        peer, versions["label-studio"] = label_studio.prepare(arguments, folder, stack, people=max(CLIENTS))
        if peer:
            rows.append(_count_peer(peer, arguments.rows, ledger))
            rows = [_beside(row, rows[-1]) for row in rows]
            contenders.append(_peer(peer, stack))
        figures = _take_turns(contenders, arguments, ledger)
        rows += figures.rows(peer=label_studio.NAME, beside=contenders[-1].label if peer else "")
        rows += _integrity(ledger, ours, strict=True)
        if peer:
            rows += _integrity(ledger, peer, strict=False)
    ours.prove()
    return rows


def _measure_sqlite(arguments: argparse.Namespace, folder: Path) -> list[Row]:
    """Ours alone on SQLite, where the question is whether anything is lost, doubled or locked."""
    ledger = Ledger()
    ours = Plumbline(folder, None)
    ours.fill(people=max(CLIENTS))
    ours.top_up(arguments.rows)
    with ExitStack() as stack:
        contenders = _ours(ours, stack, arguments.rows, ledger)
        figures = _take_turns(contenders, arguments, ledger)
    locked = ours.log().count("database is locked")
    assert not locked, f"{locked} times the database was locked: {ours.log()[-2000:]}"
    ours.prove()
    rows = figures.rows(peer="", beside="")
    return [*rows, *_integrity(ledger, ours, strict=True), Row("database is locked", ours.label, None, locked, "times")]


def _take_turns(contenders: list[Contender], arguments: argparse.Namespace, ledger: Ledger) -> Figures:
    return take_turns(
        contenders,
        clients=CLIENTS,
        rounds=arguments.rounds,
        seconds=arguments.seconds,
        cycles_each=arguments.cycles,
        ledger=ledger,
    )


def _ours(ours: Plumbline, stack: ExitStack, rows: int, ledger: Ledger) -> list[Contender]:
    """Our server, once for each way of judging."""
    server = stack.enter_context(ours.serving())
    postgres = None if ours.is_sqlite else Postgres(ours.database_url)
    read = meter(server, postgres, ours.database_url)
    return [
        Contender(f"{ours.label}, {way}", ours.label, server, annotators, read, lambda: ours.top_up(rows))
        for way, annotators in _ways(ours, server.port, ledger).items()
    ]


def _peer(peer: LabelStudio, stack: ExitStack) -> Contender:
    server = stack.enter_context(peer.serving())
    read = meter(server, Postgres(peer.database_url), peer.database_url)
    return Contender(peer.label, peer.label, server, peer.two_requests, read, lambda: None)


def _ways(ours: Plumbline, port: int, ledger: Ledger) -> dict[str, Callable[[int, int], Sequence[Annotator]]]:
    """The ways of judging that this version of ours has; one comparison is judged to find out."""
    probe = ours.one_request(port, 1)[0]
    ledger.acknowledged[ours.label].append(probe.judge().judgment)
    if probe.brings_next:
        return {"two requests": ours.two_requests, "one request": ours.one_request}
    print("  an answer brings no next comparison in this version: one request a judgment is left out")
    return {"two requests": ours.two_requests}


def _count_ours(ours: Plumbline, ledger: Ledger) -> list[Row]:
    """SQL statements a judgment, for each way of judging."""
    with StatementCounter(ours.database_url) as counter, ours.serving(counter.url) as server:
        return [
            _count(counter, annotators(server.port, 1)[0], f"{ours.label}, {way}", ours.label, ledger)
            for way, annotators in _ways(ours, server.port, ledger).items()
        ]


def _count_peer(peer: LabelStudio, tasks: int, ledger: Ledger) -> Row:
    """Make the peer's project, and count its SQL statements a judgment."""
    with StatementCounter(peer.database_url) as counter, peer.serving(counter.url) as server:
        peer.create_project(server.port, tasks)
        return _count(counter, peer.two_requests(server.port, 1)[0], peer.label, peer.label, ledger)


def _count(counter: StatementCounter, annotator: Annotator, label: str, product: str, ledger: Ledger) -> Row:
    """Statements a judgment once the server is warm, those of transactions and of new connections included."""
    ledger.acknowledged[product] += [annotator.judge().judgment for _ in range(COUNTED_JUDGMENTS)]
    before = counter.statements
    ledger.acknowledged[product] += [annotator.judge().judgment for _ in range(COUNTED_JUDGMENTS)]
    value = (counter.statements - before) / COUNTED_JUDGMENTS
    print(f"  {label:38} {value:.1f} SQL statements a judgment", flush=True)
    return Row("SQL statements", label, None, value, "statements/judgment")


def _beside(row: Row, peer: Row) -> Row:
    return row if row is peer else replace(row, peer=label_studio.NAME, ratio=row.value / peer.value)


def _integrity(ledger: Ledger, product: Plumbline | LabelStudio, *, strict: bool) -> list[Row]:
    """What the database holds, beside what was acknowledged.

    Raises: AssertionError, if strict, unless every count after the acknowledged ones is zero.
    """
    counts = ledger.compare(product.label, product.stored())
    print(f"  {product.label}: {', '.join(f'{count} {name}' for name, count in counts.items())}", flush=True)
    failures = ledger.failures[product.label]
    assert not strict or set(list(counts.values())[1:]) == {0}, f"{product.label}: {counts} {failures[:3]}"
    return [Row(f"judgments, {name}", product.label, None, count, "judgments") for name, count in counts.items()]
