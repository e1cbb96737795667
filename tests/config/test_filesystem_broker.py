"""Messages in a folder: whole, in order, taken once."""

import threading
from pathlib import Path

import pytest
from kombu import Connection, Exchange, Queue

from config.filesystem_broker import Transport, broker_folders, forget_dead_workers, use_atomic_files

use_atomic_files()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    broker_folders(tmp_path)
    Transport.global_state.clear()  # a process believes that what it declared once is there for ever
    return tmp_path


def connect(folder: Path) -> Connection:
    return Connection("filesystem://localhost", transport_options=broker_folders(folder))


def drain(folder: Path, name: str = "work") -> list[object]:
    with connect(folder) as connection, connection.SimpleQueue(name) as queue:
        taken = []
        while True:
            try:
                message = queue.get_nowait()
            except queue.Empty:
                return taken
            message.ack()
            taken.append(message.payload)


def put(folder: Path, *payloads: object, name: str = "work") -> None:
    with connect(folder) as connection, connection.SimpleQueue(name) as queue:
        for payload in payloads:
            queue.put(payload)


def test_messages_come_out_in_the_order_in_which_they_went_in(folder):
    put(folder, *range(20))
    assert drain(folder) == list(range(20))


def test_a_message_that_cannot_be_read_is_dropped_and_the_next_one_delivered(folder):
    put(folder, "first", "second")
    broken = sorted((folder / "queue").glob("*.work.msg"))[0]
    broken.write_bytes(b'{"half a mess')
    assert drain(folder) == ["second"]


def test_many_takers_get_each_message_once(folder):
    put(folder, *range(200))
    taken: list[object] = []
    takers = [threading.Thread(target=lambda: taken.extend(drain(folder))) for _ in range(8)]
    for taker in takers:
        taker.start()
    for taker in takers:
        taker.join()
    assert sorted(taken) == list(range(200))


def test_queues_bound_at_the_same_time_are_all_reached(folder):
    exchange = Exchange("news", type="fanout")

    def bind(number: int) -> None:
        with connect(folder) as connection:
            Queue(f"reader-{number}", exchange).bind(connection.default_channel).declare()

    binders = [threading.Thread(target=bind, args=(number,)) for number in range(8)]
    for binder in binders:
        binder.start()
    for binder in binders:
        binder.join()
    with connect(folder) as connection:
        connection.Producer(exchange=exchange).publish("hello")
    assert [len(list((folder / "queue").glob(f"*.reader-{number}.msg"))) for number in range(8)] == [1] * 8


def test_forgetting_dead_workers_keeps_the_tasks(folder):
    put(folder, "task")
    (folder / "queue" / "1_2.worker@gone.celery.pidbox.msg").write_text("{}")
    (folder / "processed" / "taken.work.msg").write_text("{}")
    forget_dead_workers(folder)
    assert list((folder / "processed").iterdir()) == []
    assert list((folder / "queue").glob("*pidbox*")) == []
    assert drain(folder) == ["task"]
