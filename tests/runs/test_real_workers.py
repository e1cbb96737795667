"""A real worker over each broker: what is killed comes back, what is delivered twice happens once."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.process_tree import descendants
from runs.models import Run
from runs.services.queueing import queue_run, request_cancel
from tests.runs.installation import (
    Installation,
    child_run,
    installation,
    kill,
    own_redis,
    until,
    wait_for,
    wait_for_end,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
BROKERS = [
    "filesystem",
    pytest.param("redis", marks=pytest.mark.redis),
    pytest.param("rabbitmq", marks=pytest.mark.rabbitmq),
]


@pytest.fixture(params=BROKERS)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with installation(request.param, tmp_path) as started:
        yield started


def starts(here: Installation, run: Run) -> list[dict]:
    """What each child of the run noted when it started, in order."""
    file = here.home / "runs" / str(run.pk) / "starts.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def running_child(here: Installation, run: Run, number: int = 1) -> int:
    """The process id of the run's n-th child, as soon as it has stored a checkpoint."""
    checkpoint = here.home / "runs" / str(run.pk) / "checkpoints" / "step.json"
    until(lambda: len(starts(here, run)) >= number and checkpoint.exists(), seconds=40, what=f"child {number}")
    return starts(here, run)[number - 1]["pid"]


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists() and ") Z" not in Path(f"/proc/{pid}/stat").read_text()


def test_a_message_delivered_three_times_starts_one_child(here):
    here.start_worker(beat=False)
    run = child_run(steps=30)
    here.send(run, times=3)
    wait_for_end(run)
    assert (run.state, run.attempt, run.result["steps"]) == ("succeeded", 1, 30), run.error
    assert len(starts(here, run)) == 1
    assert run.metrics.count() == 30


def test_a_lost_message_is_healed_by_the_nudge(here):
    run = child_run(steps=3)
    here.start_worker()
    assert wait_for_end(run).state == "succeeded"


def test_killing_the_child_resumes_from_its_checkpoint(here):
    here.start_worker()
    run = child_run(steps=60)
    kill(running_child(here, run))
    wait_for_end(run)
    assert (run.state, run.attempt) == ("succeeded", 2), run.error
    assert run.result["started_from"] >= 5


def test_killing_the_worker_resumes_from_the_checkpoint(here):
    worker = here.start_worker()
    run = child_run(steps=60)
    child = running_child(here, run)
    for pid in [worker.pid, *(descendants(worker.pid) - {child})]:
        kill(pid)
    until(lambda: not alive(child), seconds=10, what="the orphan's end")
    here.start_worker()
    wait_for_end(run)
    assert run.state == "succeeded", run.error
    assert run.result["started_from"] >= 5
    steps = list(run.metrics.order_by("sequence").values_list("sequence", flat=True))
    assert steps == sorted(set(steps))


def test_killing_the_main_process_alone_puts_the_run_back_at_once(here):
    worker = here.start_worker()
    run = child_run(steps=200)
    child = running_child(here, run)
    kill(worker.pid)
    wait_for(run, lambda fresh: fresh.state == "queued", seconds=8, what="the queue")
    assert run.max_attempts == 4
    assert not alive(child)


def test_a_warm_shutdown_saves_and_costs_no_attempt(here):
    worker = here.start_worker()
    run = child_run(steps=100)
    running_child(here, run)
    asked_at = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.wait(timeout=20)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.max_attempts) == ("queued", 1, 4)
    assert time.monotonic() - asked_at < 10
    here.start_worker()
    wait_for_end(run)
    assert (run.state, run.attempt) == ("succeeded", 2), run.error
    assert run.result["started_from"] >= 5


def test_cancelling_a_running_run_lets_it_save_and_stops_it(here):
    here.start_worker()
    run = child_run(steps=2000)
    child = running_child(here, run)
    request_cancel(run.pk)
    wait_for_end(run)
    assert run.state == "cancelled"
    assert not alive(child)
    assert "stopped at step" in (here.home / "runs" / str(run.pk) / "log.txt").read_text()


def test_a_broker_that_is_killed_and_comes_back_empty_loses_no_run(tmp_path):
    with own_redis(tmp_path) as server, installation("redis", tmp_path, url=server.url) as here:
        here.start_worker()
        first = child_run(steps=60)
        running_child(here, first)
        server.kill()
        second = child_run(steps=3)
        assert wait_for_end(first).state == "succeeded"
        server.start()
        assert wait_for_end(second).state == "succeeded"


def test_no_message_is_held_while_both_pool_processes_are_busy(tmp_path):
    with own_redis(tmp_path) as server, installation("redis", tmp_path, url=server.url) as here:
        here.start_worker(beat=False)
        busy = [queue_run(kind="trial_count", config={"steps": 400, "seconds_per_step": 0.05}, title="") for _ in "ab"]
        waiting = queue_run(kind="trial_count", config={"steps": 1}, title="")
        for run in busy:
            here.send(run)
            wait_for(run, lambda fresh: fresh.state == "running", seconds=30, what="a busy process")
        here.send(waiting, times=5)
        broker = redis.Redis.from_url(server.url)
        until(lambda: not broker.llen(here.queue), seconds=10, what="the messages' arrival")
        assert broker.hlen("unacked") == 0
        assert Run.objects.filter(state="running").count() == 2
        assert wait_for_end(waiting).state == "succeeded"


def test_a_child_that_ignores_the_wish_to_stop_is_killed_after_the_grace(tmp_path):
    with installation("filesystem", tmp_path) as here:
        here.start_worker()
        run = child_run(steps=2000, deaf=True)
        child = running_child(here, run)
        request_cancel(run.pk)
        assert wait_for_end(run, seconds=15).state == "cancelled"
        assert not alive(child)


def test_a_child_killed_three_times_fails_the_run_with_the_reason(tmp_path):
    with installation("filesystem", tmp_path) as here:
        here.start_worker()
        run = child_run(steps=2000)
        for number in (1, 2, 3):
            kill(running_child(here, run, number))
        wait_for_end(run)
        assert (run.state, run.attempt) == ("failed", 3)
        assert run.error.startswith("The computing process was killed (signal 9")
        assert run.error.endswith(", three times.")


def test_two_runs_take_turns_when_there_is_one_compute_slot(tmp_path):
    with installation("filesystem", tmp_path) as here:
        here.start_worker()
        runs = [child_run(steps=10), child_run(steps=10)]
        for run in runs:
            wait_for_end(run)
        first, second = sorted(runs, key=lambda run: run.started_at)
        assert first.finished_at <= second.started_at
        assert os.environ.get("PLUMBLINE_COMPUTE_SLOTS", "1") == "1"
