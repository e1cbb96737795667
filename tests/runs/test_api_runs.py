"""Runs over HTTP: list, start, follow, cancel, resume."""

import pytest

from labeling.models import Person
from runs.models import Run, RunMetric
from runs.services.claiming import claim_run, finish_run
from runs.services.queueing import queue_run
from tests.factories import make_member, make_person, make_project

pytestmark = pytest.mark.django_db
ROOT = "/api/v1/runs/"
UNKNOWN = "00000000-0000-4000-8000-000000000000"


def make_run(**fields) -> Run:
    return queue_run(kind="trial_count", config={"steps": 1}, title="A trial", **fields)


@pytest.fixture
def engineer() -> Person:
    return make_person("engineer")


def test_the_list_holds_what_a_person_may_see_newest_first(client, engineer):
    project = make_project()
    manager = make_member(project, "manager")
    first, second = make_run(scope=project.slug), make_run()
    client.force_login(engineer)
    assert [run["id"] for run in client.get(ROOT).json()["results"]] == [str(second.pk), str(first.pk)]
    client.force_login(manager)
    assert [run["id"] for run in client.get(ROOT).json()["results"]] == [str(first.pk)]
    client.force_login(make_person())
    assert client.get(ROOT).json()["results"] == []


def test_the_list_is_filtered_by_known_names_only_and_read_page_by_page(client, engineer):
    for _ in range(3):
        make_run()
    claim_run(run_id=Run.objects.first().pk, worker="w")
    client.force_login(engineer)
    assert len(client.get(f"{ROOT}?state=running").json()["results"]) == 1
    assert len(client.get(f"{ROOT}?kind=import").json()["results"]) == 0
    assert len(client.get(f"{ROOT}?created_by__password__startswith=a").json()["results"]) == 3
    page = client.get(f"{ROOT}?page_size=2").json()
    assert len(page["results"]) == 2
    assert len(client.get(page["next"]).json()["results"]) == 1


def test_an_engineer_starts_a_kind_that_allows_it(client, engineer):
    client.force_login(engineer)
    body = {"kind": "trial_child", "config": {"steps": 2}, "title": "Mine", "scope": "p"}
    response = client.post(ROOT, body, content_type="application/json")
    assert response.status_code == 202
    run = Run.objects.get(pk=response.json()["id"])
    assert (run.title, run.config, run.scope, run.created_by) == ("Mine", {"steps": 2}, "p", engineer)
    assert response.json()["created_by"] == engineer.pseudonym


@pytest.mark.parametrize(("kind", "status"), [("trial_count", 400), ("nonsense", 400), (None, 400)])
def test_a_kind_that_cannot_be_started_this_way_is_refused_with_a_sentence(client, engineer, kind, status):
    client.force_login(engineer)
    response = client.post(ROOT, {"kind": kind} if kind else {}, content_type="application/json")
    assert response.status_code == status
    assert set(response.json()) == {"code", "message", "fields"}
    assert not Run.objects.exists()


def test_only_engineers_start_runs(client):
    project = make_project()
    client.force_login(make_member(project, "manager"))
    assert client.post(ROOT, {"kind": "trial_child"}, content_type="application/json").status_code == 403


@pytest.mark.parametrize("path", ["", "metrics/"])
def test_a_run_is_404_for_an_outsider(client, path):
    run = make_run()
    client.force_login(make_person())
    assert client.get(f"{ROOT}{run.pk}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["cancel/", "resume/"])
def test_actions_are_404_for_an_outsider_and_post_only(client, engineer, path):
    run = make_run()
    client.force_login(make_person())
    assert client.post(f"{ROOT}{run.pk}/{path}").status_code == 404
    client.force_login(engineer)
    assert client.get(f"{ROOT}{run.pk}/{path}").status_code == 405


@pytest.mark.parametrize("path", ["", f"{UNKNOWN}/", f"{UNKNOWN}/metrics/"])
def test_nothing_is_shown_to_a_stranger(client, path):
    assert client.get(f"{ROOT}{path}").status_code == 401


def test_metrics_are_read_from_where_one_stopped(client, engineer):
    run = make_run()
    for step in range(1, 4):
        RunMetric.objects.create(run=run, attempt=1, sequence=step, step=step, values={"loss": 1 / step})
    client.force_login(engineer)
    first = client.get(f"{ROOT}{run.pk}/metrics/").json()
    assert [row["values"]["loss"] for row in first["metrics"]] == [1.0, 0.5, 1 / 3]
    assert (first["next"], first["state"]) == (3, "queued")
    assert client.get(f"{ROOT}{run.pk}/metrics/?after=3").json()["metrics"] == []
    for after in ("-1", "9" * 5000):
        assert client.get(f"{ROOT}{run.pk}/metrics/?after={after}").status_code == 400


def test_cancel_and_resume_say_what_became_of_the_run(client, engineer):
    run = make_run()
    client.force_login(engineer)
    assert client.post(f"{ROOT}{run.pk}/cancel/").json()["state"] == "cancelled"
    assert client.post(f"{ROOT}{run.pk}/resume/").status_code == 202
    again = client.post(f"{ROOT}{run.pk}/resume/")
    assert (again.status_code, again.json()["code"]) == (409, "not_resumable")
    claim_run(run_id=run.pk, worker="w")
    finish_run(run_id=run.pk, attempt=1, result={})
    late = client.post(f"{ROOT}{run.pk}/cancel/")
    assert (late.status_code, late.json()["code"]) == (409, "already_finished")
