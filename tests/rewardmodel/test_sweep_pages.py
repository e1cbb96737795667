"""The pages and the API of sweeps: who may see and start them, what they show, and where errors stand."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import Project
from rewardmodel.models import RewardModelAlias, Sweep
from rewardmodel.services.promote import promote
from rewardmodel.sweep_charts import setting_chart
from rewardmodel.sweep_outcomes import choice_among, outcomes_of
from runs.models import Run
from tests.factories import make_project
from tests.rewardmodel.rows import make_snapshot
from tests.rewardmodel.sweeping import end, make_sweep
from tests.rewardmodel.test_pages import CHANGES, PEOPLE, SEES, browser_of

pytestmark = pytest.mark.django_db
API = "/api/v1/sweeps/"


@pytest.fixture
def project(plumbline_home: Path) -> Project:
    return make_project(name="Helpful answers")


@pytest.fixture
def sweep(project: Project) -> Sweep:
    return make_sweep(
        make_snapshot(project, prompts=6),
        name="rates",
        vary={"learning_rate": [1e-5, 1e-4], "frozen_layers": [0, "all"]},
    )


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


def page_of(client: Client, path: str = "/reward-models/sweeps/rates/") -> str:
    return client.get(path).content.decode()


@pytest.mark.parametrize("who", PEOPLE)
def test_engineers_owners_and_managers_see_sweeps(project: Project, sweep: Sweep, who: str) -> None:
    browser = browser_of(who, project)
    for path in ("", "rates/", "rates/status/"):
        assert browser.get(f"/reward-models/sweeps/{path}").status_code == SEES[who], path
    expected = 401 if who == "anonymous" else SEES[who]
    for path in (API, f"{API}{sweep.pk}/"):
        assert browser.get(path).status_code == expected, path


def test_a_manager_sees_the_sweeps_of_own_projects_only(project: Project, sweep: Sweep) -> None:
    other = browser_of("manager", make_project())
    assert "rates" not in page_of(other, "/reward-models/sweeps/")
    assert other.get("/reward-models/sweeps/rates/").status_code == 404
    assert other.get(API).json()["results"] == []


@pytest.mark.parametrize("who", PEOPLE)
def test_only_engineers_and_owners_start_and_cancel(project: Project, sweep: Sweep, who: str) -> None:
    browser = browser_of(who, project)
    form = {"snapshot": sweep.snapshot_id, "vary": "epochs = 1, 2", "seeds": "0"}
    assert browser.post("/reward-models/sweeps/", form).status_code == CHANGES[who]
    assert browser.post("/reward-models/sweeps/rates/cancel/").status_code == CHANGES[who]
    may = who in ("owner", "engineer")
    assert Sweep.objects.count() == 1 + may
    assert Run.objects.filter(state="cancelled").count() == 4 * may


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/reward-models/sweeps/"),
        ("post", "/reward-models/sweeps/rates/"),
        ("post", "/reward-models/sweeps/rates/status/"),
        ("get", "/reward-models/sweeps/rates/cancel/"),
        ("delete", API),
    ],
)
def test_the_wrong_method_is_405(project: Project, sweep: Sweep, method: str, path: str) -> None:
    assert getattr(browser_of("owner", project), method)(path).status_code == 405


def test_the_form_starts_a_sweep_and_leads_to_it(project: Project, sweep: Sweep) -> None:
    form = {
        "snapshot": sweep.snapshot_id,
        "name": "wide",
        "vary": "learning_rate = log:1e-6:1e-3\n\nheads=1, 3",
        "settings": "loss = plackett-luce\nfrozen_layers = all",
        "draws": "3",
        "seeds": "0, 1",
    }
    answer = browser_of("engineer", project).post("/reward-models/sweeps/", form)
    assert answer["Location"] == "/reward-models/sweeps/wide/"
    made = Sweep.objects.get(name="wide")
    assert made.trainings.count() == 6
    assert made.asked["settings"] == {"loss": "plackett-luce", "frozen_layers": "all"}
    assert made.asked["vary"]["learning_rate"] == {"low": 1e-6, "high": 1e-3, "scale": "log"}


@pytest.mark.parametrize(
    ("form", "field", "sentence"),
    [
        ({"vary": "learning_rate = abc"}, "vary", "learning_rate: &#x27;abc&#x27; is not a number."),
        ({"vary": "learning_rate"}, "vary", "write name=value"),
        ({"vary": "epochs = 1\nepochs = 2"}, "vary", "epochs stands on two lines."),
        ({"vary": "learning_rate = -1"}, "vary", "learning_rate must be above 0"),
        ({"vary": "epochs = 1", "settings": "heads = 0"}, "settings", "heads must be at least 1"),
        ({"vary": "epochs = 1", "settings": "head = 0"}, "settings", "There is no setting &#x27;head&#x27;."),
        ({"vary": "epochs = log:1:4"}, "vary", "epochs: a range is drawn from."),
        ({"vary": "epochs = 1", "seeds": "a"}, "seeds", "Seeds are whole numbers"),
        ({"vary": "epochs = 1", "seeds": "1,1"}, "seeds", "Seeds are different whole numbers"),
        ({"vary": "epochs = 1", "name": "Rates"}, "name", "cannot be a sweep&#x27;s name"),
        ({"vary": "epochs = 1", "name": "rates"}, "name", "There is another sweep “rates” already."),
    ],
)
def test_an_error_stands_beside_its_field(
    project: Project, sweep: Sweep, form: dict[str, str], field: str, sentence: str
) -> None:
    answer = browser_of("engineer", project).post(
        "/reward-models/sweeps/", {"snapshot": sweep.snapshot_id, "seeds": "0", **form}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in page
    errors = re.search(rf'<ul class="errorlist" id="id_{field}_error">.*?</ul>', page, re.DOTALL)
    assert errors is not None
    assert sentence in errors[0]
    assert Run.objects.count() == 4


def test_the_page_says_what_validation_chose_and_tells_the_test_split_apart(project: Project, sweep: Sweep) -> None:
    for asked, loss, test in zip(sweep.trainings.all(), (0.61, 0.58, 0.55, 0.66), (0.9, 0.8, 0.61, 0.7), strict=True):
        end(asked, loss, test=test, width=0.04)
    page = page_of(browser_of("engineer", project))
    chosen = page[page.index('id="choice-title"') : page.index('id="charts-title"')]
    assert "rates-3" in chosen
    assert "frozen_layers all" in chosen
    assert "learning_rate 1e-5" in chosen
    assert "0.550" in chosen
    assert "2 of 3 other settings overlap" in chosen
    assert "Validation chooses, by the lowest log loss." in chosen
    table = page[page.index("<tbody>") :]
    assert [table.index(f">rates-{number}<") for number in (3, 2, 1, 4)] == sorted(
        table.index(f">rates-{number}<") for number in (3, 2, 1, 4)
    )
    assert re.search(r"0\.550</span><br><span[^>]*>0\.510 – 0\.590<", table)
    assert 'action="/reward-models/rates-3/promote/"' in page
    assert "hx-get" not in page[page.index('id="sweep-status"') :]


def test_the_table_sorts_by_accuracy_too(project: Project, sweep: Sweep) -> None:
    for asked, accuracy in zip(sweep.trainings.all(), (0.61, 0.72, 0.7, 0.66), strict=True):
        end(asked, 0.6 - asked.position / 100, accuracy=accuracy)
    page = page_of(browser_of("owner", project), "/reward-models/sweeps/rates/?sort=accuracy")
    table = page[page.index("<tbody>") :]
    assert sorted((1, 2, 3, 4), key=lambda number: table.index(f">rates-{number}<")) == [2, 3, 4, 1]
    assert browser_of("owner", project).get("/reward-models/sweeps/rates/?sort=test").status_code == 200


def test_a_manager_reads_and_changes_nothing(project: Project, sweep: Sweep) -> None:
    end(sweep.trainings.first(), 0.5)
    page = page_of(browser_of("manager", project))
    assert "Promote the best" not in page
    assert "Cancel what is left" not in page


def test_the_champion_is_not_offered_for_promotion_again(
    project: Project, plumbline_home: Path, tiny_bert: Path
) -> None:
    from tests.rewardmodel.rows import make_reward_model

    sweep = make_sweep(make_snapshot(project, prompts=6), name="rates")
    asked = sweep.trainings.first()
    model = end(asked, 0.5)
    files = make_reward_model(tiny_bert, name="files")
    type(model).objects.filter(pk=model.pk).update(directory=files.directory, digest=files.digest)
    model.refresh_from_db()
    promote(reward_model=model)
    page = page_of(browser_of("engineer", project))
    assert "Promote the best" not in page
    assert "champion" in page


def test_while_runs_work_the_page_polls_and_an_ended_run_loads_it_anew(project: Project, sweep: Sweep) -> None:
    browser = browser_of("engineer", project)
    first, second, *_ = sweep.trainings.all()
    Run.objects.filter(pk=first.run_id).update(
        state="running", heartbeat_at=timezone.now(), progress_done=30, progress_total=40
    )
    page = page_of(browser)
    assert 'hx-get="/reward-models/sweeps/rates/status/?ended=0"' in page
    assert 'value="75.0"' in page
    assert "The first figures appear when a run has ended." in page
    assert "HX-Refresh" not in browser.get("/reward-models/sweeps/rates/status/?ended=0")
    end(second, 0.6)
    assert browser.get("/reward-models/sweeps/rates/status/?ended=0")["HX-Refresh"] == "true"


def test_pages_keep_to_the_content_security_policy(project: Project, sweep: Sweep) -> None:
    for asked in sweep.trainings.all():
        end(asked, 0.5 + asked.position / 50)
    browser = browser_of("owner", project)
    for path in ("/reward-models/sweeps/", "/reward-models/sweeps/rates/"):
        page = page_of(browser, path)
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", page), path


def test_a_drawing_stands_over_numbers_by_size_and_over_words_in_a_row(project: Project, sweep: Sweep) -> None:
    for asked in sweep.trainings.all():
        end(asked, 0.5 + asked.position / 50)
    outcomes = outcomes_of(sweep)
    choice = choice_among(outcomes)
    assert choice is not None
    rates = setting_chart("learning_rate", outcomes, choice.best, is_range=False)
    layers = setting_chart("frozen_layers", outcomes, choice.best, is_range=False)
    assert rates is not None
    assert layers is not None
    assert (rates.is_logarithmic, layers.is_logarithmic) == (True, False)
    assert [place.text for place in layers.places] == ["0", "all"]
    lowest = max(rates.dots, key=lambda dot: dot.y)  # low on the page is a low loss
    assert (lowest.is_best, sum(dot.is_best for dot in rates.dots)) == (True, 1)
    assert "rates-1" in lowest.label
    assert setting_chart("frozen_layers", outcomes[:2], choice.best, is_range=False) is None


def test_logarithmic_distances_are_those_of_orders_of_magnitude(project: Project) -> None:
    sweep = make_sweep(make_snapshot(project, prompts=6), vary={"learning_rate": [1e-6, 1e-5, 1e-3]})
    for asked in sweep.trainings.all():
        end(asked, 0.5 + asked.position / 50)
    outcomes = outcomes_of(sweep)
    chart = setting_chart("learning_rate", outcomes, outcomes[0], is_range=True)
    assert chart is not None
    first, second, third = (dot.x for dot in chart.dots)
    assert (second - first) / (third - first) == pytest.approx(1 / 3, abs=0.01)
    assert chart.mean_path == ""


def test_a_sweep_over_http_is_queued_once(project: Project, sweep: Sweep) -> None:
    client = browser_of("engineer", project)
    body = {
        "snapshot": sweep.snapshot.content_sha256[:12],
        "name": "http",
        "config": {"epochs": 1},
        "vary": {"learning_rate": [1e-5, 1e-4], "heads": "1,3"},
        "seeds": [0, 1],
    }
    first, again = post(client, API, body), post(client, API, body)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["id"] == again.json()["id"]
    assert first.json()["runs"] == len(first.json()["trainings"]) == 8
    assert Run.objects.count() == 4 + 8
    other = post(client, API, {**body, "seeds": [5]})
    assert (other.status_code, other.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "snapshot"),
        ({"snapshot": "nowhere"}, 404, None),
        ({"snapshot": "known", "vary": {"learning_rate": ["abc"]}}, 400, "learning_rate"),
        ({"snapshot": "known", "vary": {"learning_rate": 3}}, 400, "learning_rate"),
        ({"snapshot": "known", "vary": [1]}, 400, "vary"),
        ({"snapshot": "known", "draws": 101}, 400, "draws"),
        ({"snapshot": "known", "seeds": [-1]}, 400, "seeds"),
        ({"snapshot": "known", "config": {"epoch": 1}}, 400, "epoch"),
    ],
)
def test_a_sweep_over_http_that_cannot_be_is_refused(
    project: Project, sweep: Sweep, body: dict[str, Any], status: int, field: str | None
) -> None:
    if body.get("snapshot") == "known":
        body = {**body, "snapshot": str(sweep.snapshot_id)}
    answer = post(browser_of("engineer", project), API, body)
    assert answer.status_code == status
    assert answer.json()["message"]
    assert field is None or field in answer.json()["fields"]
    assert Sweep.objects.count() == 1


def test_over_http_a_sweep_shows_its_runs_and_its_choice_and_is_cancelled(project: Project, sweep: Sweep) -> None:
    client = browser_of("engineer", project)
    end(sweep.trainings.get(position=2), 0.6, test=0.55)
    (line,) = client.get(API).json()["results"]
    assert (line["name"], line["runs"], line["ended"]) == ("rates", 4, 1)
    shown = client.get(f"{API}{sweep.pk}/").json()
    assert shown["best"]["model"] == "rates-2"
    assert shown["trainings"][1]["log_loss"] == {"value": 0.6, "low": 0.59, "high": 0.61}
    assert (shown["trainings"][1]["test_accuracy"], shown["trainings"][0]["model"]) == (0.55, None)
    for _ in range(2):
        stopped = post(client, f"{API}{sweep.pk}/cancel/", {})
        assert (stopped.status_code, stopped.json()["ended"]) == (200, 4)
    assert post(browser_of("manager", project), f"{API}{sweep.pk}/cancel/", {}).status_code == 403


def test_of_a_sweep_the_list_of_models_shows_what_an_alias_points_at(project: Project, sweep: Sweep) -> None:
    models = [end(asked, 0.5) for asked in sweep.trainings.all()]
    RewardModelAlias.objects.create(alias="candidate", reward_model=models[1])
    page = page_of(browser_of("engineer", project), "/reward-models/")
    assert [f">rates-{number}<" in page for number in (1, 2, 3, 4)] == [False, True, False, False]
    assert '3 more models stand with their <a href="/reward-models/sweeps/">sweeps</a>.' in page
