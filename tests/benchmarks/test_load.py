"""The closed loop against a server of its own, and the generator of what is judged."""

import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

import pytest

from benchmarks.load import Connection, Cycle, RequestFailed, run_load
from benchmarks.texts import pairs


class Server(ThreadingHTTPServer):
    """Answers every POST with the number of requests so far, and with 500 on /broken."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests = 0
        self.lock = Lock()


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.requests += 1
            body = str(self.server.requests).encode()
        self.send_response(500 if self.path == "/broken" else 201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Clicker:
    """An annotator whose judgment is one request."""

    def __init__(self, port: int, path: str = "/") -> None:
        self.connection = Connection(port, {})
        self.path = path

    def judge(self) -> Cycle:
        started = time.monotonic()
        name = self.connection.send("POST", self.path, {})
        finished = time.monotonic()
        return Cycle(str(name), finished, None, finished - started)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_every_acknowledged_cycle_is_kept_and_the_window_counts_some_of_them(server: Server) -> None:
    port = server.server_port
    load, before, after = run_load(
        [Clicker(port) for _ in range(5)], seconds=0.2, cycles_each=1, meter=lambda: server.requests
    )
    assert not load.failures
    assert Counter(load.acknowledged) == Counter(str(number + 1) for number in range(server.requests))
    assert 5 <= len(load.cycles) < len(load.acknowledged)
    assert abs(len(load.cycles) - (after - before)) <= 5  # one in flight for each annotator


def test_an_annotator_whom_nothing_works_for_gives_up_and_says_why(server: Server) -> None:
    port = server.server_port
    load, _, _ = run_load(
        [Clicker(port), Clicker(port, "/broken")], seconds=0.2, cycles_each=1, meter=lambda: server.requests
    )
    assert load.acknowledged
    assert len(load.failures) == 5
    assert all("/broken answered 500" in failure for failure in load.failures)


def test_a_refused_request_is_an_error(server: Server) -> None:
    with pytest.raises(RequestFailed, match="answered 500"):
        Clicker(server.server_port, "/broken").judge()


def test_pairs_are_the_same_in_every_run_and_of_the_promised_length() -> None:
    drawn = list(pairs(100))
    assert drawn[40:] == list(pairs(60, start=40))
    assert len({pair.prompt for pair in drawn}) == len({answer for pair in drawn for answer in pair.answers}) / 2 == 100
    assert all(len(pair.prompt.split()) == 27 for pair in drawn)
    assert all(130 <= len(answer.split()) <= 170 for pair in drawn for answer in pair.answers)
