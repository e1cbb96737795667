"""A connection keeps the time for silence, for a whole request and for a whole answer."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from rewardmodel.core.serving.punctual_socket import LateRequest, PunctualSocket


@pytest.fixture
def pair() -> Iterator[tuple[PunctualSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with PunctualSocket.over(ours, silent_seconds=0.3, whole_seconds=0.9) as punctual, theirs:
        punctual.begin_request()
        yield punctual, theirs


def read_all(connection: PunctualSocket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        content += connection.recv(count - len(content))
    return content


def trickle(connection: socket.socket, count: int) -> threading.Thread:
    """Send so many bytes, one every tenth of a second."""

    def send() -> None:
        for _ in range(count):
            connection.sendall(b"x")
            time.sleep(0.1)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


def test_what_comes_in_time_is_read(pair: tuple[PunctualSocket, socket.socket]) -> None:
    sender = trickle(pair[1], 4)
    assert read_all(pair[0], 4) == b"xxxx"
    sender.join()


def test_silence_is_broken_off(pair: tuple[PunctualSocket, socket.socket]) -> None:
    pair[1].sendall(b"x")
    with pytest.raises(LateRequest, match=r"Nothing more of the request came for 0\.3 s") as late:
        read_all(pair[0], 2)
    assert late.value.code == "silent"


def test_a_byte_now_and_then_is_broken_off_too(pair: tuple[PunctualSocket, socket.socket]) -> None:
    sender = trickle(pair[1], 14)
    with pytest.raises(LateRequest, match=r"did not come whole within 0\.9 s") as late:
        read_all(pair[0], 14)
    assert late.value.code == "late"
    sender.join()


def test_each_request_has_its_own_time(pair: tuple[PunctualSocket, socket.socket]) -> None:
    sender = trickle(pair[1], 12)
    for _ in range(2):
        pair[0].begin_request()
        assert read_all(pair[0], 6) == b"xxxxxx"
    sender.join()


def test_a_timeout_of_ones_own_holds(pair: tuple[PunctualSocket, socket.socket]) -> None:
    pair[0].settimeout(0.01)
    with pytest.raises(TimeoutError):
        pair[0].recv(1)
    assert pair[0].gettimeout() == 0.01


@pytest.mark.parametrize("reads", [False, True])
def test_an_answer_that_is_read_too_slowly_is_broken_off(
    pair: tuple[PunctualSocket, socket.socket], reads: bool
) -> None:
    ended = threading.Event()

    def read() -> None:
        while reads and not ended.wait(0.1):
            pair[1].recv(4096)

    reader = threading.Thread(target=read)
    reader.start()
    started = time.monotonic()
    with pytest.raises(BrokenPipeError):
        pair[0].sendall(bytes(16 * 1024 * 1024))
    assert time.monotonic() - started < 5
    ended.set()
    reader.join()
