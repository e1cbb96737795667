"""Runs in the administration: found by what an operator asks, cancelled and resumed after asking back."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from runs.models import Run, RunMetric
from tests.factories import make_person

pytestmark = pytest.mark.django_db

LIST = "admin:runs_run_changelist"


@pytest.fixture
def owner():
    client = Client()
    client.force_login(make_person("owner"))
    return client


def make_run(**fields):
    if fields.get("state") in ("failed", "succeeded", "cancelled"):
        fields.setdefault("finished_at", timezone.now())
    return Run.objects.create(**{"kind": "import", "title": "Read a file", **fields})


def act(client, action, run, **more):
    return client.post(reverse(LIST), {"action": action, "_selected_action": [str(run.pk)], **more}, follow=True)


def test_a_run_is_cancelled_and_resumed_after_asking(owner):
    run = make_run()
    assert b"running ones as soon as they have saved" in act(owner, "cancel", run).content
    run.refresh_from_db()
    assert run.state == "queued"
    assert b"is asked to stop" in act(owner, "cancel", run, confirmed="1").content
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert b"is queued again" in act(owner, "resume", run, confirmed="1").content
    run.refresh_from_db()
    assert run.state == "queued"


def test_what_cannot_be_cancelled_or_resumed_says_why(owner):
    run = make_run(state="succeeded")
    assert b"nothing to cancel" in act(owner, "cancel", run, confirmed="1").content
    assert b"Only a failed or cancelled run" in act(owner, "resume", run, confirmed="1").content
    run.refresh_from_db()
    assert run.state == "succeeded"


def test_runs_are_narrowed_by_state_kind_project_and_time(owner):
    old = make_run(state="failed", scope="poems", created_at="2026-03-03T12:00:00Z")
    new = make_run(kind="snapshot", created_at="2026-03-05T12:00:00Z")

    def found(**asked):
        return [run.pk for run in owner.get(reverse(LIST), asked).context["cl"].result_list]

    assert found() == [new.pk, old.pk]
    assert found(state="failed") == [old.pk]
    assert found(kind="snapshot") == [new.pk]
    assert found(scope="poems") == [old.pk]
    assert found(since="2026-03-04") == [new.pk]
    assert found(until="2026-03-03") == [old.pk]
    assert found(q=str(old.pk)) == [old.pk]
    assert found(q="Read") == []


def test_the_lines_of_one_run_are_listed_the_last_one_first(owner):
    run, other = make_run(), make_run()
    for line in (1, 2):
        for each in (run, other):
            RunMetric.objects.create(run=each, attempt=1, sequence=line, values={"loss": 1.5})
    shown = owner.get(reverse("admin:runs_runmetric_changelist"), {"run": str(run.pk)})
    assert [(row.run_id, row.sequence) for row in shown.context["cl"].result_list] == [(run.pk, 2), (run.pk, 1)]
    page = owner.get(reverse("admin:runs_runmetric_change", args=[run.metrics.first().pk]))
    assert b"1.5" in page.content


def test_a_run_shows_what_it_was_asked_for_and_why_it_failed(owner):
    run = make_run(state="failed", error="The file\nended early.", config={"온도": 0.5})
    shown = owner.get(reverse("admin:runs_run_change", args=[run.pk])).content.decode()
    assert "ended early." in shown
    assert "온도" in shown
    assert reverse("run", args=[run.pk]) in shown
    assert owner.post(reverse("admin:runs_run_delete", args=[run.pk])).status_code == 403
