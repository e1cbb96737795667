"""Clients of a scoring server: how long each waited, and whether each was answered."""

import itertools
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rewardmodel.core.reward_function import NotScored, ScoringServer

PATIENCE_SECONDS = 600.0


@dataclass
class Load:
    """What clients did: how long, how long each answer took, by which models, and what was never answered."""

    seconds: float = 0.0
    sent: int = 0
    waits: list[float] = field(default_factory=list)
    models: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)


def run_clients(
    url: str,
    items: Sequence[dict[str, str]],
    *,
    clients: int,
    requests: int,
    meanwhile: Callable[[], None] | None = None,
) -> Load:
    """So many clients send one item a request, each the next when it was answered.

    Args:
        requests: how many are sent in all; with `meanwhile`, at least so many, and until it has ended.
        meanwhile: what happens to the server under this load.
    """
    server = ScoringServer(url, patience_seconds=PATIENCE_SECONDS)
    load = Load()
    numbers = itertools.count()
    guard = threading.Lock()
    has_ended = threading.Event()

    def client() -> None:
        while (number := next(numbers)) < requests or not has_ended.is_set():
            with guard:
                load.sent += 1
            started = time.perf_counter()
            try:
                answer = server.score([items[number % len(items)]])
            except NotScored as error:
                with guard:
                    load.lost.append(str(error))
                continue
            with guard:
                load.waits.append(time.perf_counter() - started)
                load.models.add(answer["model"])

    threads = [threading.Thread(target=client) for _ in range(clients)]
    if meanwhile is None:
        has_ended.set()
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    if meanwhile is not None:
        try:
            meanwhile()
        finally:
            has_ended.set()
    for thread in threads:
        thread.join()
    load.seconds = time.perf_counter() - started
    return load
