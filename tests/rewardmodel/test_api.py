"""Reward models over HTTP: who may, what comes back, and what happens when the scoring server is away."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from labeling.models import Project
from rewardmodel.models import RewardModel
from rewardmodel.queries import champion
from runs.models import Run
from tests.factories import make_comparison, make_member, make_person, make_project
from tests.rewardmodel.rows import make_reward_model, make_snapshot
from tests.rewardmodel.scoring_server import serving

pytestmark = pytest.mark.django_db
SCORER_TOKEN = "of-the-scorer"
ITEMS = {"items": [{"prompt": "how do i boil an egg", "response": "good"}]}


@pytest.fixture
def project(plumbline_home: Path) -> Project:
    return make_project()


@pytest.fixture
def model(project: Project, tiny_bert: Path) -> RewardModel:
    return make_reward_model(tiny_bert, name="helpful-1", snapshot=make_snapshot(project, prompts=6))


def client_of(who: str, project: Project) -> Client:
    client = Client()
    client.force_login(make_person(who) if who in ("owner", "engineer") else make_member(project, who))
    return client


def post(client: Client, path: str, body: Any) -> Any:
    return client.post(path, json.dumps(body), content_type="application/json")


@pytest.fixture
def scoring_server(plumbline_home: Path, settings: Settings, free_port: int) -> Iterator[None]:
    settings.PLUMBLINE_SCORER_TOKEN = SCORER_TOKEN
    with serving(plumbline_home, port=free_port, token=SCORER_TOKEN) as url:
        settings.PLUMBLINE_SCORER_URL = url
        yield


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("engineer", 200), ("manager", 200), ("annotator", 404)])
def test_models_are_listed_for_those_who_may_see_them(
    project: Project, model: RewardModel, who: str, status: int
) -> None:
    client = client_of(who, project)
    answer = client.get("/api/v1/reward-models/")
    assert answer.status_code == status
    assert client.get("/api/v1/reward-models/helpful-1/").status_code == status
    if status == 200:
        (line,) = answer.json()["results"]
        assert (line["name"], line["snapshot_sha256"]) == ("helpful-1", model.snapshot.content_sha256)
    else:
        assert answer.json()["code"] == "not_found"


def test_without_login_there_is_nothing() -> None:
    assert Client().get("/api/v1/reward-models/").status_code in (401, 403)


def test_a_training_is_queued_with_202(project: Project, model: RewardModel) -> None:
    body = {"snapshot": str(model.snapshot_id), "name": "next", "config": {"epochs": 2}}
    answer = post(client_of("engineer", project), "/api/v1/reward-models/", body)
    assert answer.status_code == 202
    run = Run.objects.get(pk=answer.json()["run"])
    assert (run.kind, run.state, run.config["settings"]) == ("train_reward", "queued", {"epochs": 2})
    again = post(client_of("owner", project), "/api/v1/reward-models/", body)
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"snapshot": "nowhere"}, 404),
        ({"snapshot": "known", "config": {"epoch": 1}}, 400),
        ({"snapshot": "known", "config": []}, 400),
        ({"snapshot": "known", "name": "../x"}, 400),
    ],
)
def test_a_training_that_cannot_be_is_refused(
    project: Project, model: RewardModel, body: dict[str, Any], status: int
) -> None:
    if body.get("snapshot") == "known":
        body = {**body, "snapshot": str(model.snapshot_id)}
    answer = post(client_of("engineer", project), "/api/v1/reward-models/", body)
    assert answer.status_code == status
    assert answer.json()["message"]
    assert not Run.objects.exists()


@pytest.mark.parametrize("config", [{"settings": "abc"}, {"settings": [1]}, {"name": 7}, {"name": ["x"]}])
def test_a_run_of_training_with_fields_of_other_types_is_refused(
    project: Project, model: RewardModel, config: dict[str, Any]
) -> None:
    body = {"kind": "train_reward", "config": {"snapshot": str(model.snapshot_id), **config}}
    answer = post(client_of("engineer", project), "/api/v1/runs/", body)
    assert (answer.status_code, [*answer.json()["fields"]]) == (400, [*config])


def test_a_run_of_training_without_a_name_gets_one(project: Project, model: RewardModel) -> None:
    body = {"kind": "train_reward", "config": {"snapshot": str(model.snapshot_id), "name": None, "settings": None}}
    answer = post(client_of("engineer", project), "/api/v1/runs/", body)
    assert (answer.status_code, answer.json()["config"]["name"]) == (202, f"{project.slug}-1")


@pytest.mark.parametrize(("who", "status"), [("manager", 403), ("annotator", 404)])
def test_others_neither_train_nor_promote(project: Project, model: RewardModel, who: str, status: int) -> None:
    client = client_of(who, project)
    body = {"snapshot": str(model.snapshot_id)}
    assert post(client, "/api/v1/reward-models/", body).status_code == status
    assert post(client, "/api/v1/reward-models/helpful-1/promote/", {}).status_code == status
    assert champion() is None
    assert not Run.objects.exists()


def test_promoting_twice_is_harmless(project: Project, model: RewardModel) -> None:
    client = client_of("engineer", project)
    answers = [post(client, "/api/v1/reward-models/helpful-1/promote/", {}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].json()["aliases"] == ["champion"]
    assert post(client, "/api/v1/reward-models/helpful-1/promote/", {"alias": "king"}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/api/v1/reward-models/"),
        ("post", "/api/v1/reward-models/helpful-1/"),
        ("get", "/api/v1/reward-models/helpful-1/promote/"),
        ("get", "/api/v1/reward-models/helpful-1/score/"),
    ],
)
def test_the_wrong_method_is_405(project: Project, model: RewardModel, method: str, path: str) -> None:
    assert getattr(client_of("owner", project), method)(path).status_code == 405


def test_rewards_come_from_the_scoring_server(project: Project, model: RewardModel, scoring_server: None) -> None:
    answer = post(client_of("manager", project), "/api/v1/reward-models/helpful-1/score/", ITEMS)
    assert answer.status_code == 200, answer.content
    assert answer.json()["model"] == "helpful-1"
    assert isinstance(answer.json()["results"][0]["reward"], float)


def test_bad_items_are_answered_with_their_field(project: Project, model: RewardModel, scoring_server: None) -> None:
    answer = post(client_of("engineer", project), "/api/v1/reward-models/helpful-1/score/", {"items": [{"prompt": 1}]})
    assert answer.status_code == 400
    assert "items[0].prompt" in answer.json()["fields"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": "egg"}, "items"),
        ({"items": [7]}, "items"),
        ([1], "non_field_errors"),
        ({"items": ITEMS["items"] * 1025}, "items"),
        ({"items": [{"prompt": "x", "response": "y" * 200_001}]}, "items[0].response"),
    ],
)
def test_what_the_scoring_server_does_not_take_is_400_here_too(
    project: Project, model: RewardModel, scoring_server: None, body: Any, field: str
) -> None:
    answer = post(client_of("engineer", project), "/api/v1/reward-models/helpful-1/score/", body)
    assert answer.status_code == 400, answer.content
    assert field in answer.json()["fields"]


def test_more_than_the_platform_reads_is_413(project: Project, model: RewardModel, scoring_server: None) -> None:
    items = [{"prompt": "x", "response": "y" * 190_000}] * 90
    answer = post(client_of("engineer", project), "/api/v1/reward-models/helpful-1/score/", {"items": items})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_the_platform_sends_the_scoring_servers_token(
    project: Project, model: RewardModel, scoring_server: None, settings: Settings
) -> None:
    client, path = client_of("engineer", project), "/api/v1/reward-models/helpful-1/score/"
    settings.PLUMBLINE_SCORER_TOKEN = SCORER_TOKEN
    assert post(client, path, ITEMS).status_code == 200
    settings.PLUMBLINE_SCORER_TOKEN = "another"
    refused = post(client, path, ITEMS)
    assert (refused.status_code, refused.json()["code"]) == (503, "scorer_unavailable")
    assert "token" in refused.json()["message"]


def test_a_scoring_server_that_is_down_is_said_so(
    project: Project, model: RewardModel, settings: Settings, free_port: int
) -> None:
    settings.PLUMBLINE_SCORER_URL = f"http://127.0.0.1:{free_port}"
    answer = post(client_of("engineer", project), "/api/v1/reward-models/helpful-1/score/", ITEMS)
    assert answer.status_code == 503
    assert "does not answer" in answer.json()["message"]


def test_annotators_get_no_reward(project: Project, model: RewardModel) -> None:
    assert post(client_of("annotator", project), "/api/v1/reward-models/helpful-1/score/", ITEMS).status_code == 404


@pytest.mark.parametrize("kind", ["train_reward", "evaluate_reward", "score_responses"])
def test_runs_of_this_app_start_from_the_runs_api(project: Project, model: RewardModel, kind: str) -> None:
    make_comparison(project)
    config = {"model": "helpful-1", "snapshot": str(model.snapshot_id), "project": project.slug}
    answer = post(client_of("engineer", project), "/api/v1/runs/", {"kind": kind, "config": config})
    assert answer.status_code == 202, answer.content
    assert Run.objects.get().kind == kind
    assert post(client_of("engineer", project), "/api/v1/runs/", {"kind": kind, "config": {}}).status_code == 400


def test_an_evaluation_over_http_takes_what_the_command_takes(project: Project, model: RewardModel) -> None:
    client = client_of("engineer", project)
    config = {"model": "helpful-1", "snapshot": str(model.snapshot_id), "split": "validation", "slice_by": "topic"}
    answer = post(client, "/api/v1/runs/", {"kind": "evaluate_reward", "config": config})
    assert answer.status_code == 202, answer.content
    run = Run.objects.get()
    assert (run.config["split"], run.config["slice_by"]) == ("validation", "topic")
    for wrong in ({"split": "half"}, {"slice_by": 7}, {"slice_by": "x" * 81}):
        refused = post(client, "/api/v1/runs/", {"kind": "evaluate_reward", "config": {**config, **wrong}})
        assert (refused.status_code, list(refused.json()["fields"])) == (400, list(wrong))
    assert Run.objects.count() == 1
