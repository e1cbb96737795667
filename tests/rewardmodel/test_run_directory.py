"""The child protocol: lock, stop, atomic checkpoints, results and errors."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from rewardmodel.core.errors import InvalidConfig, RunDirectoryBusy
from rewardmodel.core.run_directory import RunDirectory, checkpoint_step

CHILD = """
import sys, time
from rewardmodel.core.errors import ExpectedFailure
from rewardmodel.core.run_directory import Stopped, run_child

def work(directory):
    config = directory.read_config()
    if config.get("fail"):
        raise ExpectedFailure("The snapshot holds no pair. Freeze one with judgments.")
    if config.get("crash"):
        raise KeyError("surprise")
    directory.append_metrics({"step": 1, "loss": float("nan")})
    for _ in range(config["tenths"]):
        time.sleep(0.1)
        if directory.should_stop:
            with directory.new_checkpoint(7) as folder:
                (folder / "state").write_text("saved")
            raise Stopped
    return {"answer": 42}

sys.exit(run_child(work, lock_seconds=0.5))
"""


def make_run(path: Path, **config: object) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    (path / "config.json").write_text(json.dumps({"tenths": 0, **config}))
    (path / "child.py").write_text(textwrap.dedent(CHILD))
    return path


def start(run: Path, **environment: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).resolve().parents[2])
    return subprocess.Popen(
        [sys.executable, str(run / "child.py"), str(run)],
        env={**os.environ, "PYTHONPATH": root, **environment},
        stderr=subprocess.PIPE,
    )


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert file.exists()


def test_a_finished_child_leaves_its_result_and_exits_0(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    assert start(run).wait(30) == 0
    assert json.loads((run / "result.json").read_text()) == {"answer": 42}
    assert json.loads((run / "metrics.jsonl").read_text()) == {"step": 1, "loss": None}


def test_an_expected_failure_leaves_its_sentence_and_exits_1(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", fail=True)
    assert start(run).wait(30) == 1
    assert json.loads((run / "error.json").read_text())["message"].startswith("The snapshot holds no pair.")
    assert not (run / "result.json").exists()


def test_an_unexpected_failure_names_its_error_and_exits_1(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", crash=True)
    assert start(run).wait(30) == 1
    assert json.loads((run / "error.json").read_text()) == {"message": "KeyError: 'surprise'"}


def test_sigterm_saves_a_checkpoint_and_exits_75(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tenths=300)
    child = start(run)
    wait_for(run / "metrics.jsonl")
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 75
    assert (run / "checkpoints" / "step-00000007" / "state").read_text() == "saved"


def test_a_second_attempt_is_refused_while_the_first_lives(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tenths=300)
    first = start(run)
    wait_for(run / "metrics.jsonl")
    with pytest.raises(RunDirectoryBusy, match="Another process still works"), RunDirectory(run, lock_seconds=0.2):
        pass
    assert start(run).wait(60) == 1
    assert not (run / "error.json").exists()  # it would be the first one's
    first.kill()
    first.wait(30)
    with RunDirectory(run, lock_seconds=5):
        pass


def test_a_child_ends_with_its_parent(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tenths=300)
    root = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, str(run / "child.py"), str(run)]
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import subprocess; subprocess.run({command!r})"],
        env={**os.environ, "PYTHONPATH": root},
    )
    wait_for(run / "metrics.jsonl")
    parent.kill()
    parent.wait(30)
    wait_for(run / "checkpoints" / "step-00000007")
    with RunDirectory(run, lock_seconds=10):  # free again: the child is gone
        assert not (run / "result.json").exists()


def test_a_child_that_finds_another_parent_stops_itself(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", tenths=300)
    assert start(run, PLUMBLINE_PARENT_PID="1").wait(30) == 75


def test_a_checkpoint_is_whole_or_absent(tmp_path: Path) -> None:
    with RunDirectory(make_run(tmp_path)) as directory:
        with directory.new_checkpoint(3) as folder:
            (folder / "weights").write_text("three")
        with contextlib.suppress(RuntimeError), directory.new_checkpoint(12) as folder:
            (folder / "weights").write_text("half")
            raise RuntimeError
        assert directory.resumed(checkpoint_step) == 3
        assert [entry.name for entry in directory.checkpoints.iterdir()] == ["step-00000003"]


def test_leftovers_of_a_killed_child_are_swept_up(tmp_path: Path) -> None:
    run = make_run(tmp_path)
    (run / "checkpoints" / ".partial-00000009").mkdir(parents=True)
    (run / "metrics.jsonl").write_text('{"step": 1}\n{"step"')
    with RunDirectory(run) as directory:
        directory.append_metrics({"step": 2})
        assert directory.resumed(checkpoint_step) is None
    assert (run / "metrics.jsonl").read_text().splitlines() == ['{"step": 1}', '{"step"', '{"step": 2}']


def test_only_the_newest_checkpoints_stay(tmp_path: Path) -> None:
    with RunDirectory(make_run(tmp_path)) as directory:
        for step in (1, 20, 300):
            with directory.new_checkpoint(step):
                pass
        directory.keep_newest_checkpoints(2)
        assert sorted(entry.name for entry in directory.checkpoints.iterdir()) == ["step-00000020", "step-00000300"]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"seed": ' + b"9" * 5000 + b"}"])
def test_a_config_that_is_not_json_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(InvalidConfig, match=r"config\.json is not JSON"):
        RunDirectory(tmp_path).read_config()


def test_a_directory_that_cannot_be_written_is_said_once(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    for name in ("child.lock", "error.json"):  # what stands in the way of the superuser too
        (run / name).mkdir()
    child = start(run)
    assert child.wait(30) == 1
    assert child.stderr is not None
    said = child.stderr.read().decode()
    assert said.startswith(f"The run directory {run} cannot be written")
    assert len(said.splitlines()) == 1
    RunDirectory(run).write_error("This can be said nowhere.")


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match="needs its config"):
        RunDirectory(tmp_path).read_config()
