"""One attempt from claim to end, in this process."""

import json

import pytest

from runs.directories import run_directory
from runs.models import Run, RunMetric
from runs.services.queueing import queue_run
from runs.services.waiting import run_here

pytestmark = pytest.mark.django_db


def make_run(kind: str = "trial_count", **config: object) -> Run:
    return queue_run(kind=kind, config=config, title="A trial")


def test_a_run_that_works_in_the_worker_ends_with_its_result():
    run = run_here(make_run(steps=4))
    assert (run.state, run.result, run.progress_done, run.progress_total) == ("succeeded", {"counted": 4}, 4, 4)


def test_a_child_is_prepared_watched_and_finished():
    run = run_here(make_run("trial_child", steps=4))
    assert run.state == "succeeded", run.error
    assert run.result == {"steps": 4, "started_from": 0, "prepared": "A trial"}
    assert list(run.metrics.values_list("sequence", "step", "values__loss")) == [
        (1, 1, 1.0),
        (2, 2, 0.5),
        (3, 3, 1 / 3),
        (4, 4, 0.25),
    ]


def test_a_child_never_sees_the_database_or_a_key(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    monkeypatch.setenv("PLUMBLINE_SECRET_KEY", "secret")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://:secret@host")
    run = run_here(make_run("trial_child"))
    start = json.loads((run_directory(run) / "starts.jsonl").read_text())
    assert start["secrets"] == []


def test_a_child_that_says_why_fails_at_once_with_its_sentence():
    run = run_here(make_run("trial_child", fail_with="The snapshot holds no pairs."))
    assert (run.state, run.error, run.attempt) == ("failed", "The snapshot holds no pairs.", 1)


def test_a_child_that_ends_without_a_result_fails_with_the_end_of_its_log():
    run = run_here(make_run("trial_child", exit_code=3))
    assert run.state == "failed"
    assert "ended with code 3" in run.error
    assert "last words" in run.error


def test_an_unexpected_error_fails_the_run_and_names_itself():
    run = run_here(make_run(**{"raise": "boom"}))
    assert (run.state, run.error) == ("failed", "RefusedByTrial: boom")
    assert RunMetric.objects.count() == 0
