"""A closed loop: n annotators ask, judge and ask again without thinking, and a window in the middle is measured.

Nobody is stopped when the window opens or closes, so that as many cycles are cut off at its end as at its start. They
begin one after another: a server that works first come, first served would otherwise answer all requests for a task,
then all submits, in waves as long as a short window.
"""

import http.client
import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

PROCESSES = 2
WARM_UP_SECONDS = 4.0
PATIENCE_SECONDS = 180.0
FAILURES_IN_A_ROW = 5
START_SECONDS = 2.0  # over which the annotators begin
LEAST_CYCLES = 5


class RequestFailed(Exception):
    """A server answered something else than what was asked for."""


@dataclass(frozen=True, slots=True)
class Cycle:
    """One judgment, acknowledged: its name in the database, when, and how long each part took (None: no such part)."""

    judgment: str
    finished: float
    next_seconds: float | None
    submit_seconds: float


class Annotator(Protocol):
    """One person at one connection."""

    def judge(self) -> Cycle:
        """Get a task if there is none at hand, judge it. Raises: RequestFailed, OSError, HTTPException."""


@dataclass(slots=True)
class Load:
    """What a load did: the cycles that ended inside the window, and everything that was acknowledged or refused."""

    seconds: float
    cycles: list[Cycle] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Connection:
    """One HTTP connection.

    Args:
        keep_alive: False for a server that closes it after each answer without saying so.
    """

    def __init__(self, port: int, headers: dict[str, str], *, keep_alive: bool = True) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
        self._headers = headers
        self._keep_alive = keep_alive

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's JSON. Raises: RequestFailed unless it is 200 or 201."""
        self._connection.request(method, path, json.dumps(body) if body is not None else None, self._headers)
        response = self._connection.getresponse()
        content = response.read()
        if not self._keep_alive:
            self._connection.close()
        if response.status not in (200, 201):
            raise RequestFailed(f"{method} {path} answered {response.status}: {content[:200]!r}")
        return json.loads(content)


@dataclass(frozen=True, slots=True)
class _Signals:
    """Between annotators and the one who measures: each that is warm, cycles done, whether to stop, what came of it."""

    warm: Any
    done: Any
    stop: Any
    answers: Any


def run_load(
    annotators: Sequence[Annotator], *, seconds: float, cycles_each: int, meter: Callable[[], Any]
) -> tuple[Load, Any, Any]:
    """Load a server; returns what was done and what `meter` read when the window opened and when it closed.

    Args:
        seconds: how long the window is open at least.
        cycles_each: how many cycles for each annotator must have ended in it, on average, before it closes.
    """
    context = multiprocessing.get_context("fork")
    signals = _Signals(context.Semaphore(0), context.Value("L", 0), context.Value("b", 0, lock=False), context.Queue())
    begun = [(START_SECONDS * number / len(annotators), annotator) for number, annotator in enumerate(annotators)]
    shares = [share for number in range(PROCESSES) if (share := begun[number::PROCESSES])]
    children = [context.Process(target=_run_share, args=(share, signals)) for share in shares]
    started = time.monotonic()
    for child in children:
        child.start()
    for _ in annotators:
        assert signals.warm.acquire(timeout=PATIENCE_SECONDS), "An annotator could not finish one judgment."
    time.sleep(max(0.0, started + WARM_UP_SECONDS - time.monotonic()))
    before, opened = meter(), time.monotonic()
    enough = signals.done.value + max(LEAST_CYCLES, cycles_each * len(annotators))
    time.sleep(seconds)
    while signals.done.value < enough and time.monotonic() < opened + PATIENCE_SECONDS:
        time.sleep(0.05)
    after, closed = meter(), time.monotonic()
    signals.stop.value = 1
    load = Load(closed - opened)
    for _ in annotators:
        cycles, failures = signals.answers.get(timeout=PATIENCE_SECONDS)
        load.cycles += [cycle for cycle in cycles if opened <= cycle.finished < closed]
        load.acknowledged += [cycle.judgment for cycle in cycles]
        load.failures += failures
    for child in children:
        child.join(timeout=PATIENCE_SECONDS)
    return load, before, after


def _run_share(begun: Sequence[tuple[float, Annotator]], signals: _Signals) -> None:
    threads = [threading.Thread(target=_run_one, args=(*one, signals)) for one in begun]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _run_one(delay: float, annotator: Annotator, signals: _Signals) -> None:
    """One annotator, `delay` seconds from now until told to stop or until nothing works any more."""
    time.sleep(delay)
    cycles: list[Cycle] = []
    failures: list[str] = []
    in_a_row = 0
    while not signals.stop.value and in_a_row < FAILURES_IN_A_ROW:
        try:
            cycles.append(annotator.judge())
        except (RequestFailed, OSError, http.client.HTTPException) as failure:
            failures.append(str(failure))
            in_a_row += 1
            continue
        in_a_row = 0
        with signals.done.get_lock():
            signals.done.value += 1
        if len(cycles) == 1:
            signals.warm.release()
    if not cycles:
        signals.warm.release()
    signals.answers.put((cycles, failures))
