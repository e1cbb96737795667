"""Everything in one foreground group: up together, down together, nothing left behind."""

import os
import signal
import socket
import time

import pytest

from config.process_tree import descendants
from config.processes import hold_alone
from config.procfile import QUICK_DEATH_SECONDS, CannotStart, Process, read_procfile
from tests.config.foreground import alive, group, said
from tests.runs.installation import until

# A process that asks to be forgotten: a session of its own, deaf to SIGTERM.
STUBBORN = (
    "python -c \"import subprocess, sys; "
    "subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(15, 1); time.sleep(99)'], "
    "start_new_session=True).wait()\""
)  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_everything_within_ten_seconds_even_what_does_not_want_to(tmp_path, number):
    with group(tmp_path, f"calm: sleep 99\nstubborn: {STUBBORN}\n") as process:
        until(lambda: len(descendants(process.pid)) >= 3, seconds=20, what="three processes")
        time.sleep(0.5)
        everyone = descendants(process.pid)
        asked_at = time.monotonic()
        os.killpg(process.pid, number)
        assert process.wait(timeout=10) == 0
        assert time.monotonic() - asked_at < 10
        assert alive(everyone) == set()


def test_a_process_that_dies_is_started_again_and_its_orphans_are_found(tmp_path):
    with group(tmp_path, f"stubborn: {STUBBORN}\n") as process:
        until(lambda: len(descendants(process.pid)) >= 2, seconds=20, what="two processes")
        first = descendants(process.pid)
        parent = min(first)
        os.kill(parent, signal.SIGKILL)
        until(lambda: "stubborn ended (signal 9)" in said(tmp_path), seconds=10, what="the news")
        until(lambda: len(descendants(process.pid) - first) >= 2, seconds=10, what="a new one")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)
        assert alive(first) == set()


def test_one_that_keeps_dying_ends_everything_with_a_sentence(tmp_path):
    with group(tmp_path, "calm: sleep 99\nbroken: echo no disk; exit 3\n") as process:
        assert process.wait(timeout=40) == 1
        assert "broken ended 5 times within 10 s of its start" in said(tmp_path)
        assert "Its last line was: no disk" in said(tmp_path)
        assert descendants(process.pid) == set()


def test_every_line_says_who_spoke(tmp_path):
    with group(tmp_path, "web2: echo hello; exec sleep 99\n") as process:
        until(lambda: "hello" in said(tmp_path), seconds=10, what="a line")
        assert "web2      │ hello" in said(tmp_path)
        assert "\x1b[" not in said(tmp_path)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=10)


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with group(tmp_path, "web: sleep 99\n", {"PORT": str(port)}) as process:
            assert process.wait(timeout=20) == 1
    lines = said(tmp_path).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"Port {port} is taken")


def test_a_second_worker_on_the_same_home_is_refused_in_one_sentence(settings):
    from config import settings as installation_settings

    installation_settings.PLUMBLINE_HOME.mkdir(exist_ok=True)
    with hold_alone(["worker", "beat"]), pytest.raises(CannotStart, match="A beat already runs"), hold_alone(["beat"]):
        pass


def test_only_the_named_lines_of_a_procfile_are_read(tmp_path):
    (tmp_path / "Procfile").write_text("# comment\nweb: one --bind $PORT\n\nworker: two: three\n")
    assert [(line.name, line.command) for line in read_procfile(tmp_path / "Procfile", ["worker"])] == [
        ("worker", "two: three")
    ]
    with pytest.raises(CannotStart, match="no process called cron; it has web, worker"):
        read_procfile(tmp_path / "Procfile", ["cron"])


def test_quick_deaths_wait_longer_each_time_and_a_long_life_forgives_them():
    process = Process("web", "true")
    waits = []
    for _ in range(4):
        process.started_at = time.monotonic()
        process.note_death(1)
        waits.append(round(process.start_at - time.monotonic(), 1))
    assert waits == [0.5, 1.0, 2.0, 4.0]
    process.started_at = time.monotonic() - QUICK_DEATH_SECONDS - 1
    assert process.note_death(1) == "web ended (exit code 1); it starts again at once."
    assert process.quick_deaths == 0
