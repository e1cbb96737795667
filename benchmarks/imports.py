"""The imports of the data benchmark without the rest of it: a quarter of an hour instead of most of one.

As many comparisons as the large size has come into a database of their own, once alone and once with a judgment each,
on PostgreSQL and SQLite, beside Label Studio's imports of tasks alone and with annotations in the same run. The options
and the rows are those of the data benchmark.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import data
from benchmarks.report import Row, installed
from benchmarks.servers import Unavailable

add_arguments = data.add_arguments


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    """The peer's imports, then ours engine by engine."""
    data.choose_sizes(arguments)
    size, server = arguments.rows, arguments.postgres
    versions = installed("Django", "psycopg")
    with tempfile.TemporaryDirectory() as folder:
        alone = data.write_rows(Path(folder) / "alone.jsonl", size, judged=False)
        judged = data.write_rows(Path(folder) / "judged.jsonl", size)
        peer, versions["label-studio"] = data.measure_peer(arguments, Path(folder))
        rows = list(data.peer_rows(peer, arguments.small_rows))
        for engine in arguments.engines:
            try:
                rows.append(data.import_alone(engine, alone, size, server, peer))
                rows.append(data.import_judged(engine, judged, size, server, peer))
            except Unavailable as reason:
                print(f"  {engine} left out: {reason}", flush=True)
                versions[engine] = "not measured: no server answered"
    return rows, versions
