"""Scoring beside `transformers.pipeline("text-classification")`, and the server under load, promotions and kill -9.

Both score the same texts of mixed lengths by the same model with one torch thread: MiniLM with a fresh head, and a
decoder of its size with random weights, given eight answers to each prompt as trainers sample them. The pipeline has
batches of 1, 8 and 32, in the order given. They take turns, and rows are medians of the turns. Beside them stand our
matrix products alone, which say how much faster this precision could be computed at all. All of it in fp32, where
rewards must agree, and in bf16, where rows say how far they lie from those in fp32.

Then the scoring server answers one client, and 64 at a time, one text a request; and at last 16 clients ask while
champions are promoted and the worker is killed, and every request must be answered.
"""

import argparse
import http.client
import json
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.children import child_environment
from benchmarks.machine import free_port
from benchmarks.report import Row, installed, percentile
from benchmarks.scoring_load import Load, run_clients
from benchmarks.scoring_models import ENCODERS, make_decoder, make_encoders
from benchmarks.scoring_pipeline import WORKLOADS, beside_the_pipeline
from benchmarks.scoring_texts import mixed_items
from benchmarks.servers import Server, Unavailable, running

ROOT = Path(__file__).resolve().parent.parent
CLIENTS = 64
CLIENTS_IN_TROUBLE = 16
TROUBLE_SECONDS = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--items", type=int, default=256, help="texts scored a turn")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each subject")
    parser.add_argument("--requests", type=int, default=640, help="requests of 64 clients; a tenth of them of one")
    parser.add_argument(
        "--kills", type=int, default=3, help="how often the worker is killed; as often a model is promoted"
    )


def measure(arguments: argparse.Namespace) -> tuple[list[Row], dict[str, str]]:
    if arguments.quick:
        arguments.items, arguments.rounds, arguments.requests, arguments.kills = 24, 1, 64, 1
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        make_encoders(home / "reward-models")
        make_decoder(home / "reward-models", home / "backbone")
        rounds = {"items": arguments.items, "rounds": arguments.rounds}
        rows = [row for workload in WORKLOADS for row in beside_the_pipeline(home, workload, **rounds)]
        promote(home, ENCODERS[0])
        port = free_port()
        command = [sys.executable, "-m", "rewardmodel.core.serving.server_process", "--port", str(port)]
        environment = {**child_environment(), "PLUMBLINE_HOME": str(home), "PLUMBLINE_TORCH_THREADS": "1"}
        place = {"environment": environment, "directory": ROOT, "port": port, "path": "/ready", "log": home / "log"}
        with running(command, **place) as server:
            rows += under_load(port, arguments)
            rows += in_trouble(home, server, arguments)
    return rows, installed("torch", "transformers", "gunicorn")


def under_load(port: int, arguments: argparse.Namespace) -> list[Row]:
    """One client, then many at a time: requests a second, and how long one waits."""
    url, items = f"http://127.0.0.1:{port}", mixed_items(arguments.requests)
    one = run_clients(url, items, clients=1, requests=max(1, arguments.requests // 10))
    many = run_clients(url, items, clients=CLIENTS, requests=arguments.requests)
    assert not one.lost
    assert not many.lost
    alone = "one client at a time"
    rate, rate_alone = (len(load.waits) / load.seconds for load in (many, one))
    subject = f"{CLIENTS} clients at a time"
    rows = [
        Row("scoring server, one text a request", alone, None, rate_alone, "requests/s"),
        Row("scoring server, one text a request", subject, alone, rate, "requests/s", rate / rate_alone),
    ]
    for name, load in ((alone, one), (subject, many)):
        for share, label in ((0.5, "median"), (0.95, "95th percentile")):
            rows.append(Row(f"scoring server, wait, {label}", name, None, percentile(load.waits, share) * 1000, "ms"))
    return rows


def in_trouble(home: Path, server: Server, arguments: argparse.Namespace) -> list[Row]:
    """Kill the worker and promote the other model in turns, while clients ask."""
    url = f"http://127.0.0.1:{server.port}"

    def trouble() -> None:
        for number in range(arguments.kills):
            promote(home, ENCODERS[(number + 1) % 2])
            wait_for(server, ENCODERS[(number + 1) % 2])
            kill_worker(server)
            wait_for(server, ENCODERS[(number + 1) % 2])

    load: Load = run_clients(url, mixed_items(64), clients=CLIENTS_IN_TROUBLE, requests=1, meanwhile=trouble)
    assert load.models == set(ENCODERS)
    name = f"scoring server, {arguments.kills} × kill -9 and promotion under load"
    figures = {"sent": load.sent, "answered": len(load.waits), "lost": len(load.lost)}
    rows = [Row(name, f"requests {what}", None, value, "requests") for what, value in figures.items()]
    assert not load.lost, load.lost[:3]
    return [*rows, Row(name, "longest wait", None, max(load.waits), "s")]


def kill_worker(server: Server) -> None:
    """SIGKILL to the process that computes; gunicorn's master starts another."""
    (worker,) = server.root.children()
    worker.kill()
    gone = time.monotonic() + TROUBLE_SECONDS
    while time.monotonic() < gone and not any(child.pid != worker.pid for child in server.root.children()):
        time.sleep(0.05)


def wait_for(server: Server, name: str) -> None:
    """Until this model answers. Raises: Unavailable if it does not."""
    until = time.monotonic() + TROUBLE_SECONDS
    while time.monotonic() < until:
        if champion_of(server.port) == name:
            return
        time.sleep(0.2)
    raise Unavailable(f"{name} does not answer after {TROUBLE_SECONDS:g} s.")


def champion_of(port: int) -> str | None:
    """What /health names; None while nothing answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TROUBLE_SECONDS)
    try:
        connection.request("GET", "/health")
        name: str | None = json.load(connection.getresponse())["model"]
        return name
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def promote(home: Path, name: str) -> None:
    from rewardmodel.core.run_directory import write_json_atomically

    (home / "reward-models" / "aliases").mkdir(exist_ok=True)
    alias = {"name": name, "directory": f"reward-models/{name}"}
    write_json_atomically(home / "reward-models" / "aliases" / "champion.json", alias)
