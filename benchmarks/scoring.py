"""Scoring beside `transformers.pipeline("text-classification")`, and the server under load, promotions and kill -9.

Both score the same texts of mixed lengths by the same model, in fp32 with one torch thread: MiniLM with a fresh head,
and a decoder of its size with random weights, given eight answers to each prompt as trainers sample them. The pipeline
has batches of 1, 8 and 32, in the order given. They take turns, rows are medians of the turns, and rewards must agree.
Beside them stand our matrix products alone, which say how much faster this precision could be computed at all.

Then the scoring server answers one client, and 64 at a time, one text a request; and at last 16 clients ask while
champions are promoted and the worker is killed, and every request must be answered.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import free_port
from benchmarks.report import Row, installed, percentile, row_of_rounds
from benchmarks.scoring_load import Load, run_clients
from benchmarks.scoring_models import DECODER, as_role_lines, as_sentence_pair, make_decoder, make_encoders
from benchmarks.scoring_texts import mixed_items
from benchmarks.servers import Server, Unavailable, running

ROOT = Path(__file__).resolve().parent.parent
MODELS = ("first", "second")
BATCH_SIZES = (1, 8, 32)
LARGEST_DIFFERENCE = 1e-4
CLIENTS = 64
CLIENTS_IN_TROUBLE = 16
TROUBLE_SECONDS = 300.0
OURS, PEER = "Plumbline", "transformers pipeline"
PRODUCTS = "our matrix products alone"


@dataclass(frozen=True)
class Workload:
    """What is scored by what, and how the peer is given it.

    Args:
        answers_each: answers to each prompt; trainers sample several.
        laid_out: an item as the pair of texts whose tokens are those that our model reads.
    """

    name: str
    model: str
    answers_each: int
    laid_out: Callable[[dict[str, str]], dict[str, str]]


WORKLOADS = (
    Workload("MiniLM, mixed lengths", MODELS[0], 1, as_sentence_pair),
    Workload("decoder, 8 answers to a prompt", DECODER, 8, as_role_lines),
)


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
        make_encoders(home / "reward-models", MODELS)
        make_decoder(home / "reward-models", home / "backbone")
        rows = [row for workload in WORKLOADS for row in beside_the_pipeline(home, workload, arguments)]
        promote(home, MODELS[0])
        port = free_port()
        command = [sys.executable, "-m", "rewardmodel.core.serving.server_process", "--port", str(port)]
        environment = {**child_environment(), "PLUMBLINE_HOME": str(home), "PLUMBLINE_TORCH_THREADS": "1"}
        place = {"environment": environment, "directory": ROOT, "port": port, "path": "/ready", "log": home / "log"}
        with running(command, **place) as server:
            rows += under_load(port, arguments)
            rows += in_trouble(home, server, arguments)
    return rows, installed("torch", "transformers", "gunicorn")


def beside_the_pipeline(home: Path, workload: Workload, arguments: argparse.Namespace) -> list[Row]:
    """Texts a second of both; the pipeline's best batch size is the peer."""
    job = home / f"{workload.model}.json"
    items = mixed_items(arguments.items // workload.answers_each, answers_each=workload.answers_each)
    asked = {
        "model": str(home / "reward-models" / workload.model),
        "items": items,
        "pairs": [workload.laid_out(item) for item in items],
        "rounds": arguments.rounds,
        "batch_sizes": BATCH_SIZES,
    }
    job.write_text(json.dumps(asked))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scoring_subject", str(job)],
        cwd=ROOT, env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["largest_difference"] <= LARGEST_DIFFERENCE, answer["largest_difference"]
    name, unit = f"scoring, {workload.name}", "texts/s"
    peers = {
        f"{PEER}, batch {size}": [len(items) / seconds for seconds in values]
        for size, values in answer["pipeline"].items()
    }
    best = max(peers, key=lambda peer: statistics.median(peers[peer]))
    ours, bound = ([len(items) / seconds for seconds in answer[which]] for which in ("plumbline", "products"))
    rows = [row_of_rounds(name, peer, values, unit) for peer, values in peers.items()]
    order = sorted(peers, key=lambda peer: peer != best)
    rows += [row_of_rounds(name, OURS, ours, unit, peer=peer, peer_values=peers[peer]) for peer in order]
    rows.append(row_of_rounds(name, PRODUCTS, bound, unit, peer=best, peer_values=peers[best]))
    rows.append(Row(f"{name}: tokens a text", answer["route"], None, answer["tokens"] / len(items), "tokens"))
    difference = answer["largest_difference"] * 1e6
    return [*rows, Row(f"{name}: largest difference of a reward", OURS, PEER, difference, "10⁻⁶ nats")]


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
            promote(home, MODELS[(number + 1) % 2])
            wait_for(server, MODELS[(number + 1) % 2])
            kill_worker(server)
            wait_for(server, MODELS[(number + 1) % 2])

    load: Load = run_clients(url, mixed_items(64), clients=CLIENTS_IN_TROUBLE, requests=1, meanwhile=trouble)
    assert load.models == set(MODELS)
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


def child_environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
