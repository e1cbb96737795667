"""The pages about reward models: who may see and do what, and what they show."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from labeling.models import Person, Project
from rewardmodel.models import Evaluation, RewardModel, Score
from rewardmodel.queries import champion
from rewardmodel.services.promote import promote
from runs.models import Run, RunMetric
from tests.factories import make_comparison, make_member, make_person, make_project
from tests.rewardmodel.rows import FIGURES, make_reward_model, make_snapshot

pytestmark = pytest.mark.django_db
PEOPLE = ("owner", "engineer", "manager", "reviewer", "annotator", "stranger", "anonymous")


@pytest.fixture
def project(plumbline_home: Path) -> Project:
    return make_project(name="Helpful answers")


@pytest.fixture
def model(project: Project, tiny_bert: Path) -> RewardModel:
    return make_reward_model(tiny_bert, name="helpful-1", snapshot=make_snapshot(project, prompts=6))


def browser_of(who: str, project: Project) -> Client:
    client = Client()
    if who in ("owner", "engineer"):
        client.force_login(make_person(who))
    elif who == "stranger":
        client.force_login(make_member(make_project(), "annotator"))
    elif who != "anonymous":
        client.force_login(make_member(project, who))
    return client


SEES = {
    "owner": 200,
    "engineer": 200,
    "manager": 200,
    "reviewer": 404,
    "annotator": 404,
    "stranger": 404,
    "anonymous": 302,
}
CHANGES = {**SEES, "owner": 302, "engineer": 302, "manager": 403}


@pytest.mark.parametrize("who", PEOPLE)
def test_engineers_owners_and_managers_see_models(project: Project, model: RewardModel, who: str) -> None:
    browser = browser_of(who, project)
    for path in ("/reward-models/", "/reward-models/helpful-1/", "/reward-models/helpful-1/card/"):
        assert browser.get(path).status_code == SEES[who], path
    assert browser.get("/reward-models/compare/?a=helpful-1&b=helpful-1").status_code == SEES[who]


@pytest.mark.parametrize("who", PEOPLE)
def test_managers_and_those_above_see_rewards_beside_a_comparison(
    project: Project, model: RewardModel, who: str
) -> None:
    comparison = make_comparison(project)
    browser = browser_of(who, project)
    for path in (
        f"/reward-models/fragments/projects/{project.slug}/scores/",
        f"/reward-models/fragments/comparisons/{comparison.pk}/scores/",
    ):
        assert browser.get(path).status_code == SEES[who], path


@pytest.mark.parametrize("who", PEOPLE)
def test_only_engineers_and_owners_promote_and_score(project: Project, model: RewardModel, who: str) -> None:
    make_comparison(project)
    browser = browser_of(who, project)
    for path, data in (("promote/", {"alias": "champion"}), ("score/", {"project": project.slug})):
        assert browser.post(f"/reward-models/helpful-1/{path}", data).status_code == CHANGES[who], path
    may = who in ("owner", "engineer")
    assert (champion() == model) is may
    assert Run.objects.filter(kind="score_responses").exists() is may


@pytest.mark.parametrize("who", PEOPLE)
def test_only_engineers_and_owners_start_a_training(project: Project, model: RewardModel, who: str) -> None:
    data = {"snapshot": model.snapshot_id, "name": "next", "epochs": "2"}
    assert browser_of(who, project).post("/reward-models/", data).status_code == CHANGES[who]
    runs = Run.objects.filter(kind="train_reward")
    assert runs.count() == (1 if who in ("owner", "engineer") else 0)
    if runs:
        assert runs[0].config["settings"] == {"epochs": 2}


def test_a_training_that_is_sent_twice_starts_once(project: Project, model: RewardModel) -> None:
    browser = browser_of("engineer", project)
    page = browser.get("/reward-models/").content.decode()
    (client_id,) = re.findall(r'name="client_id" value="([0-9a-f-]{36})"', page)
    data = {"snapshot": model.snapshot_id, "name": "next", "epochs": "2", "client_id": client_id}
    first, again = (browser.post("/reward-models/", data) for _ in range(2))
    assert first["Location"] == again["Location"]
    assert Run.objects.count() == 1
    for other in ({**data, "name": "", "epochs": "3"}, {**data, "name": "third"}):
        assert browser.post("/reward-models/", other)["Location"] != first["Location"]
    assert browser_of("engineer", project).post("/reward-models/", data).status_code == 422
    assert Run.objects.count() == 3


def test_a_manager_sees_the_models_of_own_projects_only(project: Project, model: RewardModel) -> None:
    other = make_project()
    page = browser_of("manager", other).get("/reward-models/").content.decode()
    assert "helpful-1" not in page
    assert browser_of("manager", other).get("/reward-models/helpful-1/").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/reward-models/"),
        ("post", "/reward-models/helpful-1/"),
        ("post", "/reward-models/compare/"),
        ("post", "/reward-models/helpful-1/card/"),
        ("get", "/reward-models/helpful-1/promote/"),
        ("get", "/reward-models/helpful-1/score/"),
        ("post", "/reward-models/fragments/projects/x/scores/"),
        ("post", "/reward-models/fragments/comparisons/1/scores/"),
    ],
)
def test_the_wrong_method_is_405(project: Project, model: RewardModel, method: str, path: str) -> None:
    assert getattr(browser_of("owner", project), method)(path).status_code == 405


def test_promoting_twice_is_harmless(project: Project, model: RewardModel) -> None:
    browser = browser_of("engineer", project)
    for _ in range(2):
        assert browser.post("/reward-models/helpful-1/promote/", {"alias": "champion"}).status_code == 302
    assert [alias.alias for alias in model.aliases.all()] == ["champion"]
    page = browser.get("/reward-models/helpful-1/").content.decode()
    assert "Promote to champion" not in page
    assert "champion" in page


def test_an_alias_that_does_not_exist_is_refused(project: Project, model: RewardModel) -> None:
    page = browser_of("owner", project).post("/reward-models/helpful-1/promote/", {"alias": "king"}, follow=True)
    assert "There is no such alias." in page.content.decode()
    assert not model.aliases.exists()


def test_a_wrong_form_comes_back_with_422_and_its_reason(project: Project, model: RewardModel) -> None:
    browser = browser_of("engineer", project)
    taken = browser.post("/reward-models/", {"snapshot": model.snapshot_id, "name": "helpful-1"})
    assert taken.status_code == 422
    assert "There is a reward model “helpful-1” already." in taken.content.decode()
    assert browser.post("/reward-models/", {"snapshot": "", "epochs": "0"}).status_code == 422
    assert not Run.objects.exists()


def test_the_list_says_what_to_do_when_it_is_empty(project: Project) -> None:
    page = browser_of("engineer", project).get("/reward-models/").content.decode()
    assert "No reward model yet" in page
    assert "There is no snapshot to train on." in page


def test_the_page_shows_the_figures_with_interval_and_baselines(project: Project, model: RewardModel) -> None:
    comparison = make_comparison(project)
    comparison.content_hash = "c" * 64
    comparison.save()
    Evaluation.objects.create(reward_model=model, data="test split", metrics=FIGURES, snapshot=model.snapshot)
    page = browser_of("manager", project).get("/reward-models/helpful-1/").content.decode()
    for figure in ("0.724", "0.703", "0.744", "people agree 0.741", "0.580", "0.021", "4 of 5", "the longer answer"):
        assert figure in page, figure
    assert f'href="/projects/{project.slug}/comparisons/{comparison.pk}/"' in page
    assert "<svg" in page
    assert page.count('class="dot"') == 2
    assert "Is it safe to &lt;b&gt;mix&lt;/b&gt; them?" in page
    assert "Promote to champion" not in page  # a manager may only read


def test_pages_keep_to_the_content_security_policy(project: Project, model: RewardModel) -> None:
    Evaluation.objects.create(reward_model=model, data="test split", metrics=FIGURES)
    browser = browser_of("owner", project)
    for path in ("/reward-models/", "/reward-models/helpful-1/"):
        page = browser.get(path).content.decode()
        assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=", page), path


def test_a_model_without_any_held_out_pair_has_a_page_too(project: Project, plumbline_home: Path) -> None:
    empty: dict[str, Any] = {"accuracy": None, "pairs": 0, "baselines": {}}
    make_reward_model(name="bare", metrics=empty)
    page = browser_of("owner", project).get("/reward-models/bare/").content.decode()
    assert "nothing was held out" in page


def test_rewards_beside_a_comparison_are_the_champions(project: Project, model: RewardModel) -> None:
    comparison = make_comparison(project, texts=["Good answer", "Bad answer"])
    responses = list(comparison.responses.order_by("pk"))
    for response, value in zip(responses, (1.25, -0.75), strict=True):
        Score.objects.create(reward_model=model, response=response, value=value * 2, normalized=value)
    browser = browser_of("manager", project)
    path = f"/reward-models/fragments/comparisons/{comparison.pk}/scores/"
    assert "No reward model is promoted yet." in browser.get(path).content.decode()
    promote(reward_model=model)
    page = browser.get(path).content.decode()
    assert page.index("Good answer") < page.index("Bad answer")
    assert "1.25" in page
    table = browser.get(f"/reward-models/fragments/projects/{project.slug}/scores/").content.decode()
    assert "policy-0" in table
    assert table.index("policy-0") < table.index("policy-1")


def test_an_annotator_finds_no_reward_on_any_page_of_a_comparison(project: Project, model: RewardModel) -> None:
    comparison = make_comparison(project)
    promote(reward_model=model)
    annotator: Person = make_member(project, "annotator")
    browser = Client()
    browser.force_login(annotator)
    for path in (f"/projects/{project.slug}/label/", f"/projects/{project.slug}/comparisons/{comparison.pk}/"):
        assert "reward-models" not in browser.get(path).content.decode(), path


def test_the_page_draws_the_curve_of_the_run_that_trained_the_model(project: Project, model: RewardModel) -> None:
    run = Run.objects.create(
        kind="train_reward", title="Train", scope=project.slug, state="succeeded", finished_at=timezone.now()
    )
    for step in (1, 2, 3):
        values = {"split": "train", "loss": 0.7 - step / 10}
        RunMetric.objects.create(run=run, attempt=1, sequence=step, step=step, values=values)
    RewardModel.objects.filter(pk=model.pk).update(run=run)
    page = browser_of("owner", project).get("/reward-models/helpful-1/")
    assert page.status_code == 200
    assert "run-drawing" in page.content.decode()
