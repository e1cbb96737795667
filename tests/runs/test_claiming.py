"""Who holds a run, and whose word counts."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from runs import kinds
from runs.errors import StaleAttempt
from runs.models import Run, RunMetric
from runs.services import claiming
from runs.services.claiming import claim_run, claimable_runs, fail_run, finish_run, heartbeat, put_back, try_again
from runs.services.queueing import queue_run, request_cancel
from runs.services.reaping import reap_silent_runs
from tests.engines import fresh_database, run_python

pytestmark = pytest.mark.django_db


def make_run(kind: str = "trial_count") -> Run:
    return queue_run(kind=kind, config={}, title="A trial")


def claim(run: Run) -> Run:
    claimed = claim_run(run_id=run.pk, worker="here:1")
    assert claimed is not None
    return claimed


def silence(run: Run, seconds: float = 31) -> None:
    Run.objects.filter(pk=run.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=seconds))


def test_a_claim_raises_the_attempt_and_names_the_worker():
    run = claim(make_run())
    assert (run.state, run.attempt, run.worker) == ("running", 1, "here:1")
    assert run.heartbeat_at is not None
    assert run.started_at is not None


def test_a_run_is_claimed_once():
    run = make_run()
    claim(run)
    assert claim_run(run_id=run.pk, worker="there:2") is None


def test_a_finished_a_cancelled_and_an_exhausted_run_are_not_claimed():
    cancelled, exhausted, done = make_run(), make_run(), claim(make_run())
    request_cancel(cancelled.pk)
    Run.objects.filter(pk=exhausted.pk).update(attempt=3)
    finish_run(run_id=done.pk, attempt=1, result={})
    assert [claim_run(run_id=run.pk, worker="here:1") for run in (cancelled, exhausted, done)] == [None] * 3


def test_a_kind_that_this_process_does_not_know_is_left_to_others():
    run = make_run()
    kinds._kinds.pop("trial_count")
    assert claim_run(run_id=run.pk, worker="here:1") is None


def test_computing_runs_share_the_slots_and_others_do_not_need_one(settings):
    settings.PLUMBLINE_COMPUTE_SLOTS = 2
    runs = [make_run("trial_child") for _ in range(3)]
    assert [claim_run(run_id=run.pk, worker="here:1") is not None for run in runs] == [True, True, False]
    assert claim_run(run_id=make_run().pk, worker="here:1") is not None
    assert not claimable_runs().filter(pk=runs[2].pk).exists()
    finish_run(run_id=runs[0].pk, attempt=1, result={})
    assert claim_run(run_id=runs[2].pk, worker="here:1") is not None


def test_a_heartbeat_hears_whether_the_run_should_stop():
    run = claim(make_run())
    assert heartbeat(run_id=run.pk, attempt=1) == claiming.Pulse(is_held=True, cancel_requested=False)
    request_cancel(run.pk)
    assert heartbeat(run_id=run.pk, attempt=1).cancel_requested
    assert not heartbeat(run_id=run.pk, attempt=2).is_held


def test_a_stale_attempt_is_refused_and_changes_nothing():
    run = claim(make_run())
    silence(run)
    reap_silent_runs()
    second = claim(run)
    made = []
    for late in (
        lambda: finish_run(run_id=run.pk, attempt=1, result={"late": 1}, finish=lambda: made.append(1) or {}),
        lambda: fail_run(run_id=run.pk, attempt=1, error="late"),
        lambda: put_back(run_id=run.pk, attempt=1),
        lambda: try_again(run_id=run.pk, attempt=1, reason="late"),
    ):
        with pytest.raises(StaleAttempt):
            late()
    run.refresh_from_db()
    assert (run.state, run.attempt, run.result, made) == ("running", second.attempt, {}, [])


def test_rows_made_at_the_end_exist_only_if_the_run_succeeded():
    run = claim(make_run())

    def finish() -> dict:
        RunMetric.objects.create(run=run, attempt=1, sequence=1, values={})
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        finish_run(run_id=run.pk, attempt=1, result={}, finish=finish)
    run.refresh_from_db()
    assert (run.state, RunMetric.objects.count()) == ("running", 0)


def test_putting_back_gives_the_attempt_back_but_not_its_number():
    run = claim(make_run())
    put_back(run_id=run.pk, attempt=1)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.max_attempts) == ("queued", 1, 4)
    assert claim(run).attempt == 2


def test_the_last_attempt_fails_with_its_reason():
    run = make_run()
    for attempt in (1, 2):
        claim(run)
        assert try_again(run_id=run.pk, attempt=attempt, reason="It died.")
    claim(run)
    assert not try_again(run_id=run.pk, attempt=3, reason="It died, three times.")
    run.refresh_from_db()
    assert (run.state, run.error) == ("failed", "It died, three times.")


def test_a_silent_run_goes_back_until_its_attempts_are_used_up():
    run = make_run()
    for _ in range(2):
        silence(claim(run))
        assert reap_silent_runs().requeued == 1
    silence(claim(run))
    assert reap_silent_runs().failed == 1
    run.refresh_from_db()
    assert run.state == "failed"
    assert "stopped answering" in run.error


def test_a_run_that_was_heard_lately_is_left_alone(settings):
    run = claim(make_run())
    silence(run, settings.PLUMBLINE_RUN_SILENCE_SECONDS - 5)
    reap_silent_runs()
    run.refresh_from_db()
    assert run.state == "running"


def test_a_silent_run_that_should_stop_is_cancelled():
    run = claim(make_run())
    request_cancel(run.pk)
    silence(run)
    assert reap_silent_runs().cancelled == 1
    run.refresh_from_db()
    assert run.state == "cancelled"


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "paused"},
        {"attempt": 4},
        {"state": "running", "heartbeat_at": None},
        {"state": "failed", "finished_at": None},
    ],
)
def test_the_database_refuses_a_run_that_cannot_be(broken):
    run = make_run()
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(**broken)


def test_the_database_refuses_the_same_metric_line_twice():
    run = make_run()
    RunMetric.objects.create(run=run, attempt=1, sequence=1, values={})
    with pytest.raises(IntegrityError), transaction.atomic():
        RunMetric.objects.create(run=run, attempt=2, sequence=1, values={})


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_sixteen_workers_racing_claim_each_run_once_and_no_slot_twice(engine, tmp_path):
    with fresh_database(engine, tmp_path) as environment:
        printed = run_python(["-m", "tests.runs.race", "16", "12"], environment)
    assert json.loads(printed.splitlines()[-1]) == {
        "claimed_twice": [],
        "in_worker": 12,
        "computing": 1,
        "attempts": [1],
        "errors": [],
    }
