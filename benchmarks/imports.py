"""The imports of the data benchmark without the rest of it: a quarter of an hour instead of most of one.

As many comparisons as the small and the large size come into databases of their own, once alone and once with a
judgment each, on PostgreSQL and SQLite, beside Label Studio's imports of tasks alone and with annotations in the same
run. The options, the rows and what is told of them are those of the data benchmark.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import data
from benchmarks.report import Row, installed
from benchmarks.servers import Unavailable

ALONE, JUDGED = ", comparisons alone", ""

add_arguments = data.add_arguments


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """The peer's imports, then ours engine by engine."""
    data.choose_sizes(arguments)
    versions = installed("Django", "psycopg")
    with tempfile.TemporaryDirectory() as folder:
        files = {
            (kind, size): data.write_rows(Path(folder) / f"{size}{kind}.jsonl", size, judged=kind == JUDGED)
            for kind in (ALONE, JUDGED)
            for size in (arguments.small_rows, arguments.rows)
        }
        peer, versions["label-studio"] = data.measure_peer(arguments, Path(folder))
        rows = list(data.peer_rows(peer, arguments.small_rows))
        for engine in arguments.engines:
            try:
                rows += imported(engine, arguments.postgres, files, peer)
            except Unavailable as reason:
                print(f"  {engine} left out: {reason}", flush=True)
                versions[engine] = "not measured: no server answered"
    return rows, versions


def imported(
    engine: str, server: str | None, files: dict[tuple[str, int], Path], peer: data.PeerFigures | None
) -> Iterator[Row]:
    """Both kinds of files at both sizes, the small one first. Raises: Unavailable."""
    beside = {ALONE: peer.imported_per_second, JUDGED: peer.imported_with_annotations_per_second} if peer else {}
    small_peaks: dict[str, int] = {}
    for (kind, size), file in files.items():
        label, step = data.import_afresh(engine, server, file, size)
        name = f"import of {size:,}{kind}"
        print(f"  {label}, {name}: {step['seconds']:.1f} s", flush=True)
        yield data.import_row(name, label, size, step, beside.get(kind))
        yield data.memory_row(name, label, step, small_peaks.get(kind))
        small_peaks.setdefault(kind, step["peak_bytes"])
