"""Into the queue, out of it, and back."""

import pytest
from django.utils import timezone

from runs.errors import AlreadyFinished, NotResumable, UnknownKind
from runs.kinds import RunKind, register
from runs.models import Run
from runs.services.claiming import claim_run, close_as_cancelled, fail_run, finish_run
from runs.services.queueing import queue_run, request_cancel, resume_run

pytestmark = pytest.mark.django_db


def make_run() -> Run:
    return queue_run(kind="trial_count", config={"steps": 2}, title="A trial")


def test_queueing_records_the_wish_and_nothing_else():
    run = queue_run(
        kind="trial_count", config={"steps": 2}, title="T" * 300, scope="p",
        lineage=[{"label": "snapshot", "url": "/x/", "kind": "snapshot"}],
    )  # fmt: skip
    assert (run.state, run.attempt, run.max_attempts, len(run.title), run.scope) == ("queued", 0, 3, 200, "p")
    assert run.lineage[0]["label"] == "snapshot"


def test_an_unknown_kind_is_refused_by_name():
    with pytest.raises(UnknownKind, match="trial_count"):
        queue_run(kind="nonsense", config={}, title="")


def test_a_kind_works_in_the_worker_or_in_a_child_but_not_both():
    with pytest.raises(ValueError, match="either"):
        register(RunKind(name="both", title="", execute=lambda run, progress: None, child_module="m"))
    with pytest.raises(ValueError, match="either"):
        register(RunKind(name="neither", title=""))


def test_cancelling_a_queued_run_ends_it_at_once():
    run = request_cancel(make_run().pk)
    assert (run.state, run.finished_at is not None) == ("cancelled", True)
    assert request_cancel(run.pk).state == "cancelled"


def test_cancelling_a_running_run_leaves_a_wish():
    run = make_run()
    claim_run(run_id=run.pk, worker="w")
    first = request_cancel(run.pk).cancel_requested_at
    assert first is not None
    assert request_cancel(run.pk).cancel_requested_at == first


def test_a_run_that_has_ended_cannot_be_cancelled():
    run = make_run()
    claim_run(run_id=run.pk, worker="w")
    finish_run(run_id=run.pk, attempt=1, result={})
    with pytest.raises(AlreadyFinished):
        request_cancel(run.pk)


@pytest.mark.parametrize("end", [lambda pk: fail_run(run_id=pk, attempt=1, error="x"),
                                 lambda pk: close_as_cancelled(run_id=pk, attempt=1)])  # fmt: skip
def test_a_failed_or_cancelled_run_goes_on_with_fresh_attempts(end):
    run = make_run()
    claim_run(run_id=run.pk, worker="w")
    request_cancel(run.pk)
    end(run.pk)
    resumed = resume_run(run.pk)
    assert (resumed.state, resumed.attempt, resumed.max_attempts, resumed.error) == ("queued", 1, 4, "")
    assert claim_run(run_id=run.pk, worker="w").attempt == 2


@pytest.mark.parametrize("state", ["queued", "running", "succeeded"])
def test_any_other_run_is_not_resumable(state):
    run = make_run()
    Run.objects.filter(pk=run.pk).update(state=state, heartbeat_at=timezone.now(), finished_at=timezone.now())
    with pytest.raises(NotResumable, match=state):
        resume_run(run.pk)
