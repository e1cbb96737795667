"""Data in and out: comparisons imported, a snapshot frozen, judgments exported, on PostgreSQL and SQLite.

Each row is a prompt, two answers and one judgment by one of fifty annotators, in the `plumbline` format. For each
engine two databases of their own, a small one and a large one, every step in a fresh process:

- **import**: `import_file`, from the file's first byte to the last commit.
- **freeze**: a snapshot of everything.
- **export**: the snapshot as `plumbline` (judgments) and as `trl` (pairs), written to nowhere.
- **over HTTP**: the `plumbline` export from gunicorn, read to its end; and until the first byte of its body, asked for
  five times, after one request to each worker that loaded what an export needs.
- **peak memory**: of the process and the one that it reads with; flat where the large size needs what the small does.

Label Studio gets the small number of rows in one request to its import API, once as tasks alone and once with an
annotation each, and gives the second back from its export API as JSON; what it does at the large size would take hours.
Our imports with a judgment each stand beside its import with annotations, and one of as many comparisons alone as the
large size has, into a database of its own, beside its tasks alone. It runs on the same PostgreSQL.
"""

import argparse
import http.client
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks import label_studio
from benchmarks.plumbline import SLUG, Plumbline
from benchmarks.report import Row, installed, row_of_rounds
from benchmarks.servers import Unavailable, fresh_postgres
from benchmarks.texts import Pair, pairs

FULL = {"rows": 1_000_000, "small_rows": 10_000}
QUICK = {"rows": 5_000, "small_rows": 1_000}
ANNOTATORS = 50
FORMATS = ("plumbline", "trl")
ENGINES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
SUBJECT = "benchmarks.data_subject"
READ_BYTES = 1024 * 1024
PATIENCE_SECONDS = 3600.0
WARM_UPS = 8
FIRST_BYTES = 5


@dataclass(frozen=True, slots=True)
class Download:
    """An answer that was read to its end, and how long its first byte took each time it was asked for."""

    first_byte_seconds: list[float]
    seconds: float
    rows: int


@dataclass(frozen=True, slots=True)
class PeerFigures:
    """What Label Studio did with the small number of rows."""

    imported_per_second: float
    imported_with_annotations_per_second: float
    exported_per_second: float
    first_byte_seconds: float


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rows", type=int, help=f"comparisons of the large size ({FULL['rows']:,})")
    parser.add_argument("--small-rows", type=int, help=f"of the small one, and the peer's ({FULL['small_rows']:,})")
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES))
    label_studio.add_arguments(parser)


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    choose_sizes(arguments)
    sizes = (arguments.small_rows, arguments.rows)
    versions = installed("Django", "gunicorn", "psycopg", "pyarrow")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        files = {size: write_rows(Path(folder) / f"{size}.jsonl", size) for size in sizes}
        alone = write_rows(Path(folder) / "alone.jsonl", arguments.rows, judged=False)
        peer, versions["label-studio"] = measure_peer(arguments, Path(folder))
        rows += peer_rows(peer, arguments.small_rows)
        for engine in arguments.engines:
            try:
                label, step = import_afresh(engine, arguments.postgres, alone, arguments.rows)
                name = f"import of {arguments.rows:,}, comparisons alone"
                rows.append(import_row(name, label, arguments.rows, step, peer.imported_per_second if peer else None))
                rows += measure_engine(engine, files, arguments.postgres, peer)
            except Unavailable as reason:
                print(f"  {engine} left out: {reason}", flush=True)
                versions[engine] = "not measured: no server answered"
    return rows, versions


def choose_sizes(arguments: argparse.Namespace) -> None:
    """Set what was not said on the command line."""
    for name, value in (QUICK if arguments.quick else FULL).items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)


def write_rows(path: Path, count: int, *, judged: bool = True) -> Path:
    """So many comparisons, with a judgment each or none, in the native format."""
    with path.open("w") as file:
        for number, pair in enumerate(pairs(count)):
            row = native_row(number, pair)
            if not judged:
                del row["judgments"]
            file.write(json.dumps(row) + "\n")
    return path


def native_row(number: int, pair: Pair) -> dict[str, Any]:
    better = number % 2
    return {
        "prompt": pair.prompt,
        "responses": [
            {"content": answer, "policy": policy} for answer, policy in zip(pair.answers, ("old", "new"), strict=True)
        ],
        "judgments": [
            {
                "annotator": f"annotator {number % ANNOTATORS}",
                "ranking": [[better], [1 - better]],
                "strength": number % 4,
            }
        ],
    }


def peer_task(number: int, pair: Pair) -> dict[str, Any]:
    """The same row as a task with its annotation."""
    value = {"selected": "right" if number % 2 else "left"}
    result = {"from_name": "comparison", "to_name": "answer1", "type": "pairwise", "value": value}
    return {
        "data": {"prompt": pair.prompt, "answer1": pair.answers[0], "answer2": pair.answers[1]},
        "annotations": [{"result": [result]}],
    }


def measure_peer(arguments: argparse.Namespace, folder: Path) -> tuple[PeerFigures | None, str]:
    """Label Studio's figures and version; or None, and why not."""
    count = arguments.small_rows
    with ExitStack() as stack:
        peer, version = label_studio.prepare(arguments, folder, stack, people=1)
        if peer is None:
            return None, version
        server = stack.enter_context(peer.serving())
        tasks = [peer_task(number, pair) for number, pair in enumerate(pairs(count))]
        peer.create_empty_project(server.port)
        imported_alone = peer.import_tasks(server.port, [{"data": task["data"]} for task in tasks])
        peer.create_empty_project(server.port)
        imported = peer.import_tasks(server.port, tasks)
        path, headers = peer.export_request()
        exported = download(server.port, path, headers, lines=False)
        assert exported.rows == count, exported
    speeds = (count / seconds for seconds in (imported_alone, imported, exported.seconds))
    return PeerFigures(*speeds, *exported.first_byte_seconds), version


def peer_rows(peer: PeerFigures | None, count: int) -> Iterator[Row]:
    if peer:
        label = "Label Studio, PostgreSQL"
        yield Row(f"import of {count:,}, tasks alone", label, None, peer.imported_per_second, "rows/s")
        yield Row(f"import of {count:,}", label, None, peer.imported_with_annotations_per_second, "rows/s")
        yield Row(f"export of {count:,} over HTTP", label, None, peer.exported_per_second, "judgments/s")
        yield Row(f"first byte of {count:,} over HTTP", label, None, 1000 * peer.first_byte_seconds, "ms")


def import_afresh(engine: str, server: str | None, file: Path, size: int) -> tuple[str, dict[str, Any]]:
    """A file's import into a database of its own: by whom, and what it says of itself. Raises: Unavailable."""
    with fresh(engine, server) as plumbline:
        step = plumbline.run_subject(SUBJECT, "import", str(file))
    assert step["accepted"] == size, step
    return plumbline.label, step


def import_row(name: str, label: str, size: int, step: dict[str, Any], peer_per_second: float | None) -> Row:
    speed = size / step["seconds"]
    beside = (label_studio.NAME, speed / peer_per_second) if peer_per_second else (None, None)
    return Row(name, label, beside[0], speed, "rows/s", beside[1])


def memory_row(name: str, label: str, step: dict[str, Any], small: int | None) -> Row:
    """A step's peak memory beside what it was at the small size, if that was measured before."""
    ratio = step["peak_bytes"] / small if small else None
    beside = "at the small size" if small else None
    return Row(f"{name}, peak memory", label, beside, step["peak_bytes"] / 1e6, "MB", ratio)


@contextmanager
def fresh(engine: str, server: str | None) -> Iterator[Plumbline]:
    """An installation with a project, on a database that is gone afterwards. Raises: Unavailable."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        url = None if engine == "sqlite" else stack.enter_context(fresh_postgres(server, prefix="plumbline_data"))
        plumbline = Plumbline(Path(folder), url)
        plumbline.fill(people=0)
        yield plumbline


def measure_engine(engine: str, files: dict[int, Path], server: str | None, peer: PeerFigures | None) -> list[Row]:
    """Both sizes, each in a database of its own. Raises: Unavailable."""
    rows: list[Row] = []
    small_peaks: dict[str, int] = {}
    for size, file in files.items():
        with fresh(engine, server) as plumbline:
            print(f"  {plumbline.label}: {size:,} rows", flush=True)
            steps = measure_steps(plumbline, file, size)
            rows += step_rows(steps, plumbline, size, small_peaks, peer)
            snapshot = steps["freeze"]["snapshot"]
            rows += http_rows(over_http(plumbline, snapshot, size), plumbline.label, size, peer)
            small_peaks = small_peaks or {name: step["peak_bytes"] for name, step in steps.items()}
    return rows


def measure_steps(plumbline: Plumbline, file: Path, size: int) -> dict[str, dict[str, Any]]:
    """What each step says of itself, by name; every row must have come in, and out again."""
    steps = {"import": plumbline.run_subject(SUBJECT, "import", str(file))}
    assert steps["import"]["accepted"] == size, steps
    steps["freeze"] = plumbline.run_subject(SUBJECT, "freeze")
    assert steps["freeze"]["judgments"] == size, steps
    for format in FORMATS:
        steps[f"export as {format}"] = plumbline.run_subject(SUBJECT, "export", format)
        assert steps[f"export as {format}"]["rows"] == size, steps
    return steps


def step_rows(
    steps: dict[str, dict[str, Any]],
    plumbline: Plumbline,
    size: int,
    small_peaks: dict[str, int],
    peer: PeerFigures | None,
) -> Iterator[Row]:
    """Each step's speed beside the peer's, and its peak memory beside that at the small size."""
    for name, step in steps.items():
        if name == "import":
            beside = peer.imported_with_annotations_per_second if peer else None
            yield import_row(f"import of {size:,}", plumbline.label, size, step, beside)
        else:
            speed = size / step["seconds"]
            beside = None if peer is None or name == "freeze" else peer.exported_per_second
            ratio = speed / beside if beside else None
            named = label_studio.NAME if beside else None
            yield Row(f"{name} of {size:,}", plumbline.label, named, speed, "judgments/s", ratio)
        yield memory_row(f"{name} of {size:,}", plumbline.label, step, small_peaks.get(name))


def http_rows(read: Download, label: str, size: int, peer: PeerFigures | None) -> Iterator[Row]:
    speed, name = size / read.seconds, label_studio.NAME if peer else None
    yield Row(
        f"export of {size:,} over HTTP",
        label,
        name,
        speed,
        "judgments/s",
        speed / peer.exported_per_second if peer else None,
    )
    yield row_of_rounds(
        f"first byte of {size:,} over HTTP",
        label,
        [1000 * seconds for seconds in read.first_byte_seconds],
        "ms",
        peer=name,
        peer_values=[1000 * peer.first_byte_seconds] if peer else (),
    )


def over_http(plumbline: Plumbline, snapshot: str, size: int) -> Download:
    """The native export, asked for with a manager's token."""
    headers = {"Authorization": f"Token {plumbline.create_manager()}"}
    path = f"/api/v1/projects/{SLUG}/snapshots/{snapshot}/export/?format=plumbline"
    with plumbline.serving() as server:
        for _worker in range(WARM_UPS):
            first_byte(server.port, path, headers)
        waits = [first_byte(server.port, path, headers) for _time in range(FIRST_BYTES)]
        read = download(server.port, path, headers, lines=True)
    assert read.rows == size, read
    return replace(read, first_byte_seconds=waits)


def first_byte(port: int, path: str, headers: dict[str, str]) -> float:
    """Seconds until an answer's body begins; the rest is not wanted."""
    connection, response, _first, seconds = begin(port, path, headers)
    response.close()
    connection.close()
    return seconds


def begin(
    port: int, path: str, headers: dict[str, str]
) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse, bytes, float]:
    """Ask, and read one byte; returns what is left to read, that byte, and the seconds until it came."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    began = time.monotonic()
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    first = response.read(1)
    seconds = time.monotonic() - began
    assert response.status == http.client.OK, f"{path} answered {response.status}: {first + response.read(200)!r}"
    return connection, response, first, seconds


def download(port: int, path: str, headers: dict[str, str], *, lines: bool) -> Download:
    """Read an answer as it comes, counting its rows.

    Args:
        lines: one row a line, in pieces that are forgotten; otherwise one JSON array, which must be held to be counted.
    """
    began = time.monotonic()
    connection, response, first, waited = begin(port, path, headers)
    newlines, kept = 0, [first]
    while piece := response.read1(READ_BYTES):
        newlines += piece.count(b"\n")
        if not lines:
            kept.append(piece)
    spent = time.monotonic() - began
    connection.close()
    return Download([waited], spent, newlines if lines else len(json.loads(b"".join(kept))))
