"""Child processes: what they inherit, and what becomes of one whose supervisor died."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from runs.children import Child, child_environment, stop_leftover_child
from runs.errors import LeftoverChild
from runs.supervisor import write_config
from tests.runs.installation import until


def start(directory: Path, **config: object) -> Child:
    write_config({"steps": 1000, "seconds_per_step": 0.05, **config}, directory)
    child = Child("tests.runs.trial_child", directory)
    until((directory / "starts.jsonl").exists, seconds=20, what="the child")
    return child


@contextmanager
def foreign_lock(directory: Path) -> Iterator[None]:
    """Another process, not started on this directory's behalf, that holds its lock."""
    code = (
        "import fcntl, sys, time\n"
        "lock = open(sys.stdin.readline().strip(), 'a')\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\n"
        "time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(f"{directory / 'child.lock'}\n")
    process.stdin.flush()
    process.stdout.readline()
    (directory / "child.pid").write_text(json.dumps({"pid": process.pid}))
    try:
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def test_secrets_stay_with_the_worker(monkeypatch):
    secrets = ("DATABASE_URL", "PLUMBLINE_SECRET_KEY", "CELERY_BROKER_URL", "PGPASSWORD", "AWS_ACCESS_KEY_ID",
               "PLUMBLINE_EMAIL_URL", "HF_TOKEN")  # fmt: skip
    for name in secrets:
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    environment = child_environment()
    assert not set(secrets) & set(environment)
    assert environment["TOKENIZERS_PARALLELISM"] == "false"
    assert environment["PLUMBLINE_PARENT_PID"] == str(os.getpid())


def test_a_leftover_child_is_asked_to_save_and_gone_afterwards(tmp_path):
    child = start(tmp_path)
    stop_leftover_child(tmp_path)
    assert child.wait(5) == 75
    assert (tmp_path / "checkpoints" / "step.json").exists()


def test_a_leftover_child_that_will_not_listen_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr("runs.children.LEFTOVER_SAVES_SECONDS", 0.5)
    child = start(tmp_path, deaf=True)
    stop_leftover_child(tmp_path)
    assert child.wait(5) == -9


def test_a_process_that_only_bears_the_recorded_number_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("runs.children.LEFTOVER_SAVES_SECONDS", 0.3)
    with foreign_lock(tmp_path), pytest.raises(LeftoverChild, match="still works in"):
        stop_leftover_child(tmp_path)


def test_nothing_is_done_where_no_child_is_left(tmp_path):
    started = time.monotonic()
    stop_leftover_child(tmp_path)
    assert time.monotonic() - started < 1


def test_stopping_a_child_ends_its_whole_group(tmp_path):
    child = start(tmp_path)
    child.stop(grace_seconds=5)
    assert child.process.returncode == 75
    with pytest.raises(ProcessLookupError):
        os.killpg(child.process.pid, 0)
