"""The scoring server as a process: under threads, promotions, signals and kill -9."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from rewardmodel.core.reward_function import ScoringServer
from rewardmodel.core.scorer import RewardScorer, ScoreItem
from rewardmodel.core.serving.server_process import THREADS, is_this_machine
from tests.rewardmodel.builders import WORDS
from tests.rewardmodel.serving import ITEM, make_home, promote, wait_until

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_home(tiny_bert, tmp_path_factory.mktemp("home"))


@contextmanager
def running(home: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], ScoringServer]]:
    """The server with the first model as champion, once it is ready."""
    promote(home, "first")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "rewardmodel.core.serving.server_process", "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "PLUMBLINE_HOME": str(home), "OMP_NUM_THREADS": "1", **environment},
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: status_of(port, "/ready") == 200)
        yield process, ScoringServer(f"http://127.0.0.1:{port}", patience_seconds=120)
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[tuple[subprocess.Popen[bytes], ScoringServer]]:
    with running(home) as process_and_server:
        yield process_and_server


def status_of(port: int, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def items_of(thread: int, count: int) -> list[dict[str, str]]:
    """Items of one to fifty words, each text its own."""
    return [
        {"prompt": " ".join(WORDS[: 1 + at % 9]), "response": f"{thread} {at} " + "good bad egg " * ((at * 7) % 16)}
        for at in range(count)
    ]


class Asker(threading.Thread):
    """A client that asks again and again until told to stop, and keeps every answer."""

    def __init__(self, server: ScoringServer, items: list[dict[str, str]], stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.server, self.items, self.stop_asking = server, items, stop
        self.sent = 0
        self.answers: list[dict[str, Any]] = []

    def run(self) -> None:
        while not self.stop_asking.is_set():
            self.sent += 1
            self.answers.append(self.server.score(self.items))


def under_load(server: ScoringServer, event: Any) -> list[Asker]:
    """Six clients ask before, during and after the event; all that they sent and got."""
    stop = threading.Event()
    askers = [Asker(server, items_of(number, 1 + 5 * number), stop) for number in range(6)]
    for asker in askers:
        asker.start()
    wait_until(lambda: all(asker.answers for asker in askers))
    event()
    seen = [len(asker.answers) for asker in askers]
    wait_until(lambda: all(len(asker.answers) > before for asker, before in zip(askers, seen, strict=True)))
    stop.set()
    for asker in askers:
        asker.join(120)
        assert not asker.is_alive()
    return askers


def rewards_alone(home: Path, name: str, items: list[dict[str, str]]) -> list[float]:
    """Each item scored in a batch of its own."""
    scorer = RewardScorer.load(home / "reward-models" / name)
    return [scorer.score([ScoreItem(item["prompt"], item["response"])])[0].reward for item in items]


def test_the_same_text_gets_the_same_reward_beside_anything(
    server: tuple[subprocess.Popen[bytes], ScoringServer], home: Path
) -> None:
    answers: dict[int, list[float]] = {}

    def ask(number: int) -> None:
        items = items_of(number, 40)
        rewards: list[float] = []
        for start in range(0, 40, 1 + number):
            results = server[1].score(items[start : start + 1 + number])["results"]
            rewards += [result["reward"] for result in results]
        answers[number] = rewards

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    for number in range(8):
        assert answers[number] == pytest.approx(rewards_alone(home, "first", items_of(number, 40)), abs=1e-5)


def test_a_promotion_under_load_loses_no_request_and_mixes_no_models(
    server: tuple[subprocess.Popen[bytes], ScoringServer], home: Path
) -> None:
    def promote_and_back() -> None:
        for name in ("second", "first"):
            promote(home, name)
            wait_until(lambda name=name: server[1].score([ITEM])["model"] == name)

    askers = under_load(server[1], promote_and_back)
    wanted = {
        name: [rewards_alone(home, name, asker.items) for asker in askers] for name in ("first", "second")
    }  # fmt: skip
    for number, asker in enumerate(askers):
        assert len(asker.answers) == asker.sent
        for answer in asker.answers:
            rewards = [result["reward"] for result in answer["results"]]
            assert rewards == pytest.approx(wanted[answer["model"]][number], abs=1e-5)
    assert {answer["model"] for asker in askers for answer in asker.answers} == {"first", "second"}


def test_a_killed_worker_is_replaced_and_its_clients_are_answered(
    server: tuple[subprocess.Popen[bytes], ScoringServer],
) -> None:
    master = psutil.Process(server[0].pid)

    def kill() -> None:
        (worker,) = master.children()
        worker.kill()
        wait_until(lambda: any(child.pid != worker.pid for child in master.children()))

    askers = under_load(server[1], kill)
    assert [len(asker.answers) for asker in askers] == [asker.sent for asker in askers]


def test_sigterm_answers_what_is_in_hand_and_ends(home: Path) -> None:
    with running(home) as (process, server):
        items = items_of(1, 1024)
        results: list[dict[str, Any]] = []
        asker = threading.Thread(target=lambda: results.extend(server.score(items)["results"]), daemon=True)
        port = int(server.url.rpartition(":")[2])
        asker.start()
        wait_until(lambda: waiting_texts(port) > 0)
        process.send_signal(signal.SIGTERM)
        asker.join(60)
        assert len(results) == 1024
        assert process.wait(60) == 0
        assert status_of(port, "/health") == 0


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (b"POST /v1/sc", b"HTTP/1.1 408"),
        (b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", b"HTTP/1.1 408"),
    ],
)
def test_clients_that_fall_silent_do_not_keep_the_others_waiting(home: Path, sent: bytes, answered: bytes) -> None:
    with running(home, PLUMBLINE_SCORER_SILENT_SECONDS="0.5") as (_process, server):
        port = int(server.url.rpartition(":")[2])
        silent = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(THREADS)]
        for connection in silent:
            connection.sendall(sent)
        wait_until(lambda: status_of(port, "/health") == 200)
        assert {connection.recv(12) for connection in silent} == {answered}
        for connection in silent:
            connection.close()


def test_clients_that_send_a_byte_now_and_then_do_not_keep_the_others_waiting(home: Path) -> None:
    head = b"POST /v1/score HTTP/1.1\r\nHost: x\r\nContent-Length: 999\r\n\r\n"
    with running(home, PLUMBLINE_SCORER_SILENT_SECONDS="30", PLUMBLINE_SCORER_WHOLE_SECONDS="2") as (_process, server):
        port = int(server.url.rpartition(":")[2])
        slow = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(THREADS)]
        for number, connection in enumerate(slow):
            connection.sendall(head if number % 2 else head[:20])
        is_over = threading.Event()

        def trickle() -> None:
            while not is_over.wait(0.2):
                for connection in slow:
                    with suppress(OSError):
                        connection.send(b"x")

        trickler = threading.Thread(target=trickle)
        trickler.start()
        try:
            assert server.score([ITEM])["model"] == "first"
            told = [read_until_closed(connection) for connection in slow]
        finally:
            is_over.set()
            trickler.join()
        assert all(text.startswith(b"HTTP/1.1 408") and b"did not come whole within 2 s" in text for text in told)
        for connection in slow:
            connection.close()


def read_until_closed(connection: socket.socket) -> bytes:
    """What came before the server closed; the last bytes sent may meet a closed door."""
    content = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(4096):
            content += part
    return content


def waiting_texts(port: int) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    (line,) = [line for line in text.splitlines() if line.startswith("plumbline_scorer_waiting_texts ")]
    return float(line.split()[1])


@pytest.mark.parametrize(
    ("host", "is_private"),
    [("127.0.0.1", True), ("127.8.0.1", True), ("::1", True), ("localhost", True), ("192.0.2.7", False), ("h", False)],
)
def test_an_open_address_is_told_from_this_machine(host: str, is_private: bool) -> None:
    assert is_this_machine(host) == is_private
