"""The whole platform in one foreground group, with a training under way."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.process_tree import descendants
from tests.config.foreground import alive, group, said
from tests.runs.installation import Installation, child_run, installation, until, wait_for


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Installation]:
    with installation("filesystem", tmp_path) as started:
        yield started


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_whole_platform_stops_in_time_and_its_training_goes_on_after_the_next_start(here):
    arguments = ("--only", "web,worker,beat")
    with group(here.home, None, here.environment, *arguments) as process:
        run = child_run(steps=400)
        wait_for(run, lambda fresh: fresh.state == "running" and fresh.metrics.exists(), seconds=60, what="the run")
        until(lambda: "Plumbline is at http://127.0.0.1:" in said(here.home), seconds=30, what="the page")
        everyone = descendants(process.pid)
        assert len(everyone) >= 7
        asked_at = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(timeout=15) == 0
        assert time.monotonic() - asked_at < 10
        assert alive(everyone) == set()
    run.refresh_from_db()
    assert (run.state, run.attempt, run.max_attempts) == ("queued", 1, 4)
    with group(here.home, None, here.environment, *arguments) as process:
        wait_for(run, lambda fresh: fresh.attempt == 2, seconds=60, what="the second attempt")
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=15)
