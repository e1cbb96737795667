"""One attempt from claim to end, in this process."""

import json
import os
import signal
import threading
import time
from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import F

from runs.directories import log_tail, run_directory
from runs.kinds import kind_named, register
from runs.models import Run, RunMetric
from runs.services.claiming import claim_run
from runs.services.executing import execute_claimed
from runs.services.queueing import queue_run
from runs.services.waiting import run_here
from tests.runs.installation import until

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


def test_a_run_says_why_it_failed_in_the_language_of_whoever_started_it():
    person = get_user_model().objects.create_user("korean@example.org", language="ko")
    run = run_here(queue_run(kind="trial_child", config={"exit_code": 3}, title="A trial", created_by=person))
    assert run.state == "failed"
    assert run.error.startswith("계산 프로세스가")


def test_an_unexpected_error_fails_the_run_and_names_itself():
    run = run_here(make_run(**{"raise": "boom"}))
    assert (run.state, run.error) == ("failed", "RefusedByTrial: boom")
    assert RunMetric.objects.count() == 0


def test_a_result_that_nobody_was_left_to_store_is_taken_without_computing_again():
    run = make_run("trial_child")
    (run_directory(run) / "prepared.txt").write_text("before")
    (run_directory(run) / "result.json").write_text('{"steps": 7}')
    assert run_here(run).result == {"steps": 7, "prepared": "before"}
    assert not (run_directory(run) / "starts.jsonl").exists()


def test_checkpoints_go_when_the_run_has_succeeded_and_stay_when_it_has_not():
    done, failed = run_here(make_run("trial_child", steps=5)), run_here(make_run("trial_child", steps=5, exit_code=2))
    assert not (run_directory(done) / "checkpoints").exists()
    assert (run_directory(failed) / "checkpoints" / "step.json").exists()


def test_a_failed_run_that_is_resumed_goes_on_from_its_checkpoint():
    from runs.services.queueing import resume_run

    run = run_here(make_run("trial_child", steps=10, exit_code=2))
    (run_directory(run) / "checkpoints" / "step.json").write_text('{"step": 5}')
    Run.objects.filter(pk=run.pk).update(config={"steps": 10})
    resumed = run_here(resume_run(run.pk))
    assert (resumed.state, resumed.attempt, resumed.result["started_from"]) == ("succeeded", 2, 5)


def test_an_attempt_that_was_overtaken_starts_no_child_and_changes_nothing():
    def overtake(run: Run, directory: object) -> None:
        Run.objects.filter(pk=run.pk).update(attempt=F("attempt") + 1, worker="another")

    register(replace(kind_named("trial_child"), prepare=overtake))
    run = claim_run(run_id=make_run("trial_child").pk, worker="here")
    run_beat_seconds_ago(run)
    run.refresh_from_db()
    assert (run.state, run.worker, run.attempt) == ("running", "another", 2)


def run_beat_seconds_ago(run: Run) -> None:
    """Execute with a heartbeat that is due at once."""
    from runs.services import progress

    before = progress.HEARTBEAT_SECONDS
    progress.HEARTBEAT_SECONDS = 0
    try:
        execute_claimed(run)
    finally:
        progress.HEARTBEAT_SECONDS = before


def test_a_finish_that_fails_fails_the_run_with_its_reason_and_keeps_the_result():
    def refuse(run: Run, directory: object, result: dict) -> dict:
        raise OSError("no space left on device")

    register(replace(kind_named("trial_child"), finish=refuse))
    run = run_here(make_run("trial_child"))
    assert (run.state, run.error) == ("failed", "OSError: no space left on device")
    assert (run_directory(run) / "result.json").exists()


def test_the_log_holds_what_the_child_said_and_who_ran_it():
    lines = log_tail(run_here(make_run("trial_child")))
    assert lines[0].startswith("· attempt 1 by ")
    assert "starting at step 0" in lines


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_is_renewed_while_the_work_says_nothing(monkeypatch):
    monkeypatch.setattr("runs.services.progress.HEARTBEAT_SECONDS", 0.1)
    seen = []

    def work(run: Run, progress: object) -> dict:
        for _ in range(4):
            time.sleep(0.25)
            seen.append(Run.objects.get(pk=run.pk).heartbeat_at)
        return {}

    register(replace(kind_named("trial_count"), execute=work))
    run_here(make_run())
    assert sorted(set(seen)) == seen


@pytest.mark.django_db(transaction=True)
def test_a_child_whose_run_was_taken_away_is_ended(monkeypatch):
    monkeypatch.setattr("runs.services.progress.HEARTBEAT_SECONDS", 0.1)
    run = make_run("trial_child", steps=1000, seconds_per_step=0.05)

    def overtake() -> None:
        until((run_directory(run) / "starts.jsonl").exists, seconds=20, what="the child")
        Run.objects.filter(pk=run.pk).update(attempt=F("attempt") + 1, worker="another")
        connection.close()

    thread = threading.Thread(target=overtake)
    thread.start()
    execute_claimed(claim_run(run_id=run.pk, worker="here"))
    thread.join()
    run.refresh_from_db()
    assert (run.state, run.worker) == ("running", "another")
    pid = json.loads((run_directory(run) / "starts.jsonl").read_text())["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.django_db(transaction=True)
def test_ctrl_c_cancels_a_run_that_can_be_resumed(request):
    usual = signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner of tests may ignore it
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, usual))
    run = make_run("trial_child", steps=1000, seconds_per_step=0.05)

    def press() -> None:
        until((run_directory(run) / "starts.jsonl").exists, seconds=20, what="the child")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=press)
    thread.start()
    ended = run_here(run)
    thread.join()
    assert ended.state == "cancelled"
    assert (run_directory(run) / "checkpoints" / "step.json").exists()


@pytest.mark.django_db(transaction=True)
def test_a_run_that_a_worker_took_first_is_waited_for():
    run = make_run(steps=3, seconds_per_step=0.3)
    claimed = claim_run(run_id=run.pk, worker="a worker")

    def work() -> None:
        execute_claimed(claimed)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    waited = []
    assert run_here(run, on_wait=lambda fresh: waited.append(fresh.state)).state == "succeeded"
    thread.join()
    assert waited[0] == "running"
