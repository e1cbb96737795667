"""The pages of runs: who sees which, what they say, and what their buttons do."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from runs.models import Run, RunMetric
from runs.services.claiming import claim_run
from runs.services.queueing import queue_run
from tests.factories import make_member, make_person, make_project

pytestmark = pytest.mark.django_db


def make_run(**fields) -> Run:
    fields.setdefault("config", {"optimizer": {"learning_rate": 2e-5}})
    run = queue_run(
        kind="trial_child", title="Train helpful-7", config=fields.pop("config"), scope=fields.pop("scope", "")
    )
    if fields:
        Run.objects.filter(pk=run.pk).update(**fields)
        run.refresh_from_db()
    return run


def measure(run: Run, *lines: tuple[int, dict]) -> None:
    for number, (step, values) in enumerate(lines, start=run.metrics.count() + 1):
        RunMetric.objects.create(run=run, attempt=1, sequence=number, step=step, values=values)


@pytest.fixture
def engineer():
    return make_person("engineer")


def see(client, person, path):
    client.force_login(person)
    return client.get(path)


PAGES = ["", "status/", "log/", "metrics/"]
ACTIONS = ["cancel/", "resume/"]


@pytest.mark.parametrize("page", PAGES)
def test_owner_engineer_creator_and_manager_see_a_run_and_others_get_404(client, page):
    project = make_project()
    creator = make_member(project, "annotator")
    run = make_run(scope=project.slug, created_by=creator)
    allowed = [make_person("owner"), make_person("engineer"), creator, make_member(project, "manager")]
    others = [make_person(), make_member(project, "annotator"), make_member(project, "reviewer"),
              make_member(make_project(), "manager")]  # fmt: skip
    path = f"/runs/{run.pk}/{page}"
    assert [see(client, person, path).status_code for person in allowed] == [200] * 4
    assert [see(client, person, path).status_code for person in others] == [404] * 4


@pytest.mark.parametrize("action", ACTIONS)
def test_a_button_does_nothing_for_an_outsider_and_refuses_a_get(client, engineer, action):
    run = make_run()
    client.force_login(make_person())
    assert client.post(f"/runs/{run.pk}/{action}").status_code == 404
    client.force_login(engineer)
    assert client.get(f"/runs/{run.pk}/{action}").status_code == 405
    run.refresh_from_db()
    assert run.state == "queued"


@pytest.mark.parametrize("page", [*PAGES, *ACTIONS])
def test_a_stranger_is_sent_to_the_login(client, page):
    run = make_run()
    response = (client.post if page in ACTIONS else client.get)(f"/runs/{run.pk}/{page}")
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_a_polling_fragment_tells_the_page_that_the_login_has_expired(client):
    run = make_run()
    response = client.get(
        f"/runs/{run.pk}/status/", headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver/runs/{run.pk}/"}
    )
    assert response.status_code == 401
    assert response["HX-Redirect"] == f"/accounts/login/?next=/runs/{run.pk}/"


def test_a_run_that_does_not_exist_is_404(client, engineer):
    assert see(client, engineer, f"/runs/{uuid.uuid4()}/").status_code == 404


def test_the_list_shows_each_person_their_runs_and_filters_them(client, engineer):
    project = make_project()
    make_run(scope=project.slug)
    failed = make_run(state="failed", finished_at=timezone.now(), error="The disk is full.")
    Run.objects.filter(pk=failed.pk).update(title="Score everything")
    assert see(client, make_member(project, "manager"), "/runs/").context["page"].paginator.count == 1
    assert see(client, make_person(), "/runs/").context["page"].paginator.count == 0
    everything = see(client, engineer, "/runs/").content.decode()
    assert "Train helpful-7" in everything
    assert "The disk is full." in everything
    only_failed = see(client, engineer, "/runs/?state=failed&worker__x=1").content.decode()
    assert "Score everything" in only_failed
    assert "Train helpful-7" not in only_failed


def test_the_curve_is_drawn_without_a_script(client, engineer):
    run = make_run()
    measure(run, (1, {"split": "train", "loss": 0.7}), (2, {"split": "train", "loss": 0.6}),
            (2, {"split": "validation", "loss": 0.65}), (3, {"split": "train", "accuracy": 0.8}))  # fmt: skip
    page = see(client, engineer, f"/runs/{run.pk}/").content.decode()
    assert 'class="line line-train"' in page
    assert 'class="line line-validation"' in page
    assert ">validation</text>" in page
    accuracy = see(client, engineer, f"/runs/{run.pk}/?metric=accuracy").content.decode()
    assert "accuracy from step 3 to 3" in accuracy


def test_the_page_says_how_far_and_how_long(client, engineer):
    run = make_run(
        state="running", attempt=1, heartbeat_at=timezone.now(), started_at=timezone.now() - timedelta(minutes=2),
        attempt_started_at=timezone.now() - timedelta(minutes=2), progress_done=40, progress_total=120,
    )  # fmt: skip
    page = see(client, engineer, f"/runs/{run.pk}/").content.decode()
    assert "40 of 120" in page
    assert "about 4 min 0" in page
    assert "optimizer.learning_rate" in page
    assert "2e-05" in page


def test_a_status_that_moved_on_loads_the_page_anew(client, engineer):
    run = make_run(state="succeeded", finished_at=timezone.now())
    assert see(client, engineer, f"/runs/{run.pk}/status/?state=running")["HX-Refresh"] == "true"
    assert "HX-Refresh" not in see(client, engineer, f"/runs/{run.pk}/status/?state=succeeded")


def test_the_log_is_searched_on_the_server(client, engineer, settings, tmp_path):
    settings.PLUMBLINE_HOME = tmp_path
    run = make_run()
    (tmp_path / "runs" / str(run.pk)).mkdir(parents=True)
    (tmp_path / "runs" / str(run.pk) / "log.txt").write_text("loading\n10%|# \r99%|##\nNaN in <b>step</b> 12\n")
    page = see(client, engineer, f"/runs/{run.pk}/?q=nan").content.decode()
    assert "NaN in &lt;b&gt;step&lt;/b&gt; 12" in page
    assert "loading" not in see(client, engineer, f"/runs/{run.pk}/log/?q=nan").content.decode()
    assert "10%" not in see(client, engineer, f"/runs/{run.pk}/log/").content.decode()


def test_metrics_are_handed_out_from_where_the_page_stopped(client, engineer):
    run = make_run()
    measure(run, *[(step, {"loss": 1.0}) for step in range(1, 4)])
    answer = see(client, engineer, f"/runs/{run.pk}/metrics/?after=2").json()
    assert [row["step"] for row in answer["metrics"]] == [3]
    assert (answer["next"], answer["state"]) == (3, "queued")
    assert see(client, engineer, f"/runs/{run.pk}/metrics/?after=3").json()["next"] == 3
    assert see(client, engineer, f"/runs/{run.pk}/metrics/?after={'9' * 5000}").json()["next"] > 0


def test_cancelling_twice_and_resuming_twice_changes_nothing_more(client, engineer):
    run = make_run()
    client.force_login(engineer)
    for _ in range(2):
        assert client.post(f"/runs/{run.pk}/cancel/").status_code == 302
        run.refresh_from_db()
        assert run.state == "cancelled"
    for _ in range(2):
        assert client.post(f"/runs/{run.pk}/resume/").status_code == 302
        run.refresh_from_db()
        assert (run.state, run.max_attempts) == ("queued", 3)


def test_cancelling_a_finished_run_says_so(client, engineer):
    run = make_run(state="succeeded", finished_at=timezone.now())
    client.force_login(engineer)
    page = client.post(f"/runs/{run.pk}/cancel/", follow=True).content.decode()
    assert "nothing to cancel" in page


def test_a_long_result_is_folded_after_its_first_figures(client, engineer):
    result = {f"figure_{number}": number for number in range(20)}
    run = make_run(state="succeeded", finished_at=timezone.now(), result={**result, "url": "/reward-models/x/"})
    page = see(client, engineer, f"/runs/{run.pk}/").content.decode()
    assert page.index("figure_7") < page.index("All 20 figures") < page.index("figure_8")
    assert 'href="/reward-models/x/"' in page


def test_a_claimed_run_shows_its_worker(client, engineer):
    run = make_run()
    claim_run(run_id=run.pk, worker="gpu-box:4711")
    assert "gpu-box:4711" in see(client, engineer, f"/runs/{run.pk}/").content.decode()
