"""The annotator's whole cycle over HTTP: ask for the next comparison, send the verdict. As fast as clients can.

Every client is a person with a token, a lease and an audited judgment; two gunicorn workers serve them from SQLite, and
from PostgreSQL where a server answers (PLUMBLINE_TEST_POSTGRES, or the local one). After each run the database must
hold exactly the judgments that were acknowledged, and break no rule. Clients share the cores with the server.
"""

import http.client
import json
import multiprocessing
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from benchmarks.report import Row, installed
from tests.engines import ROOT, fresh_database, run_python

DEMO = ROOT / "labeling/demo/responses.jsonl"
COMPARISONS = 2000
CLIENTS = (1, 16)
SECONDS = 6.0
WARM_UP_CYCLES = 10
SLUG = "bench"
CREATE_ANNOTATORS = f"""
from django.core.management import call_command
for number in range({sum(CLIENTS) + 1}):
    address = f"annotator-{{number}}@example.org"
    call_command("create_user", address, "--role", "annotator", "--project", "{SLUG}", "--token", "--json")
"""


@dataclass(frozen=True)
class Load:
    """What one load did: judgments acknowledged (warm-up included), those timed, the waits for `next`, CPU used."""

    acknowledged: int
    timed: int
    seconds: float
    next_seconds: list[float]
    cpu_seconds: float


def measure() -> tuple[list[Row], dict[str, str]]:
    rows: list[Row] = []
    versions = {**installed("Django", "gunicorn", "psycopg"), "label-studio": "not installed here"}
    for engine in ("sqlite", "postgresql"):
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            try:
                environment = stack.enter_context(fresh_database(engine, folder))
            except pytest.skip.Exception as reason:
                print(f"  {engine} left out: {reason}")
                versions[engine] = "not measured: no server answered"
                continue
            rows += measure_engine(engine, environment, folder)
    return rows, versions


def measure_engine(engine: str, environment: dict[str, str], folder: Path) -> list[Row]:
    """Fill a fresh database, load it with one client and with sixteen, and prove what it holds."""
    environment.pop("PLUMBLINE_CONN_MAX_AGE_SECONDS", None)  # connections are kept, as in production
    (folder / "static").mkdir()
    tokens = fill(environment, folder)
    subject = f"Plumbline, {engine}"
    statements = json.loads(run_python(["-m", "benchmarks.statements", tokens.pop(), SLUG], environment))
    rows = [
        Row(f"SQL statements, {part}", subject, None, count, "statements/judgment")
        for part, count in statements.items()
    ]
    stored = 1
    for clients in CLIENTS:
        with web_server(environment) as (process, port):
            load = run_load(process, port, [tokens.pop() for _ in range(clients)])
        stored += load.acknowledged
        p95 = statistics.quantiles(load.next_seconds, n=20)[-1]
        figures = {
            "judgments": (load.timed / load.seconds, "judgments/s"),
            "next, 95th percentile": (1000 * p95, "ms"),
            "server CPU": (1000 * load.cpu_seconds / load.timed, "ms/judgment"),
        }
        rows += [
            Row(f"{name}, {clients} client{'s' * (clients > 1)}", subject, None, value, unit)
            for name, (value, unit) in figures.items()
        ]
    prove(environment, acknowledged=stored)
    return rows


def fill(environment: dict[str, str], folder: Path) -> list[str]:
    """A project with pairs of demo responses; returns tokens of its annotators, one for each client and one more."""
    demo = [json.loads(line) for line in DEMO.read_text().splitlines()]
    with (folder / "pairs.jsonl").open("w") as file:
        for number in range(COMPARISONS):
            row = demo[number % len(demo)]
            responses = [response["content"] for response in row["responses"][:2]]
            prompt = row["prompt"] if isinstance(row["prompt"], str) else row["prompt"][-1]["content"]
            file.write(json.dumps({"prompt": f"{number}. {prompt}", "responses": responses}) + "\n")
    run_python(["manage.py", "create_project", SLUG, "--overlap", "3", "--no-strength"], environment)
    answer = run_python(["manage.py", "import_responses", SLUG, str(folder / "pairs.jsonl"), "--json"], environment)
    assert json.loads(answer.splitlines()[-1])["accepted"] == COMPARISONS
    created = run_python(["manage.py", "shell", "-v", "0", "-c", CREATE_ANNOTATORS], environment)
    return [json.loads(line)["token"] for line in created.splitlines() if line.startswith("{")]


@contextmanager
def web_server(environment: dict[str, str]) -> Iterator[tuple[psutil.Process, int]]:
    """gunicorn as the Procfile starts it, with two workers, on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread"]
    command += ["--workers", "2", "--threads", "8", "--preload", "--keep-alive", "5", "--no-control-socket"]
    process = subprocess.Popen(
        [sys.executable, *command, "--log-level", "warning"], cwd=ROOT, env={**environment, "WEB_CONCURRENCY": "2"}
    )
    try:
        wait_until_ready(port)
        yield psutil.Process(process.pid), port
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_ready(port: int) -> None:
    for _ in range(300):
        time.sleep(0.1)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/metrics/ready/")
            if connection.getresponse().status < 500:
                return
        except OSError:
            continue
    raise TimeoutError("gunicorn did not answer within 30 seconds.")


def run_load(server: psutil.Process, port: int, tokens: list[str]) -> Load:
    """Clients in two processes, each a thread with its own connection; they warm up, wait for each other, and go."""
    context = multiprocessing.get_context("fork")
    processes = min(2, len(tokens))
    gate = context.Barrier(len(tokens) + 1)
    answers = context.Queue()
    shares = [tokens[number::processes] for number in range(processes)]
    children = [context.Process(target=run_clients, args=(port, share, gate, answers)) for share in shares]
    for child in children:
        child.start()
    gate.wait(timeout=60)
    before, started = cpu_seconds(server), time.monotonic()
    results = [answers.get(timeout=120) for _ in tokens]
    seconds, after = time.monotonic() - started, cpu_seconds(server)
    for child in children:
        child.join()
    waits = [wait for _, client_waits in results for wait in client_waits]
    return Load(sum(total for total, _ in results), len(waits), seconds, waits, after - before)


def run_clients(port: int, tokens: list[str], gate, answers) -> None:
    threads = [threading.Thread(target=run_client, args=(port, token, gate, answers)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def run_client(port: int, token: str, gate, answers) -> None:
    """One annotator without think time. Answers (judgments acknowledged in all, seconds of each timed `next`)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}

    def post(path: str, body: dict | None = None) -> dict:
        connection.request("POST", path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        content = response.read()
        assert response.status == 201, f"{path} answered {response.status}: {content[:300]!r}"
        return json.loads(content)

    def judge_one() -> float:
        asked = time.monotonic()
        assignment = post(f"/api/v1/projects/{SLUG}/assignments/")
        waited = time.monotonic() - asked
        ranking = [[response["id"]] for response in assignment["comparison"]["responses"]]
        post(f"/api/v1/assignments/{assignment['id']}/judgment/", {"client_id": str(uuid.uuid4()), "ranking": ranking})
        return waited

    for _ in range(WARM_UP_CYCLES):
        judge_one()
    gate.wait(timeout=60)
    waits, end = [], time.monotonic() + SECONDS
    while time.monotonic() < end:
        waits.append(judge_one())
    answers.put((WARM_UP_CYCLES + len(waits), waits))


def cpu_seconds(server: psutil.Process) -> float:
    """User and system time of gunicorn and its workers so far."""
    return sum(sum(one.cpu_times()[:2]) for one in (server, *server.children(recursive=True)))


def prove(environment: dict[str, str], *, acknowledged: int) -> None:
    """Every acknowledged judgment is stored, none twice, and no rule is broken."""
    run_python(["manage.py", "check_invariants"], environment)
    count = "from labeling.models import Judgment; print(Judgment.objects.count())"
    stored = int(run_python(["manage.py", "shell", "-v", "0", "-c", count], environment).split()[-1])
    assert stored == acknowledged, f"{acknowledged} judgments were acknowledged, {stored} are stored."
