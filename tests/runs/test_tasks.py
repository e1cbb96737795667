"""The doors through which Celery comes in."""

import pytest
from kombu.exceptions import OperationalError

from runs import interruption
from runs.errors import UnknownKind
from runs.models import Run
from runs.services.queueing import queue_run
from runs.tasks import Nudge, execute_run, nudge_runs, queue_scheduled, reap_runs

pytestmark = pytest.mark.django_db


class Sent(list):
    """The messages that would have gone to the broker."""


@pytest.fixture
def sent(monkeypatch) -> Sent:
    messages = Sent()
    monkeypatch.setattr(
        "celery.app.task.Task.apply_async",
        lambda self, args=(), kwargs=None, **options: messages.append((self.name, *args)),
    )
    return messages


def make_run(kind: str = "trial_count") -> Run:
    return queue_run(kind=kind, config={"steps": 2}, title="A trial")


def test_a_message_executes_its_run_and_a_second_one_does_nothing(sent):
    run = make_run()
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert (run.state, run.attempt) == ("succeeded", 1)
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.attempt == 1


def test_a_message_for_a_run_that_is_gone_does_nothing(sent):
    bystander = make_run()
    execute_run("00000000-0000-4000-8000-000000000000")
    bystander.refresh_from_db()
    assert (bystander.state, bystander.attempt, Run.objects.count()) == (Run.State.QUEUED, 0, 1)


def test_a_worker_that_is_leaving_claims_nothing(sent):
    run = make_run()
    interruption.leave()
    execute_run(str(run.pk))
    run.refresh_from_db()
    assert run.state == "queued"


def test_the_nudge_names_every_run_that_could_start(sent):
    runs = [make_run(), make_run()]
    nudge_runs()
    assert sent == [("runs.tasks.execute_run", str(run.pk)) for run in runs]


def test_a_broker_that_is_away_does_not_stop_the_one_who_sends(monkeypatch):
    def refuse(self, *args, **options):
        raise OperationalError("connection refused")

    monkeypatch.setattr("celery.app.task.Task.apply_async", refuse)
    assert isinstance(execute_run, Nudge)
    execute_run.delay(str(make_run().pk))


def test_a_schedule_queues_a_kind_that_allows_it(sent, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        queue_scheduled("trial_count", {"steps": 1})
    assert sent == [("runs.tasks.execute_run", str(Run.objects.get().pk))]


def test_a_schedule_that_finds_nothing_to_do_queues_nothing(sent):
    queue_scheduled("trial_count", {"news": False})
    assert not Run.objects.exists()


def test_a_kind_that_cannot_be_scheduled_says_so(sent):
    with pytest.raises(UnknownKind, match="trial_child"):
        queue_scheduled("trial_child")


def test_reaping_an_empty_installation_is_fine():
    reap_runs()
    assert not Run.objects.exists()
