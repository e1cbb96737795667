"""Policies for scripts: who may, what is queued, and what is refused."""

import json

import pytest
from django.test import Client

from labeling.models import Prompt
from runs.models import Run
from tests.factories import make_member, make_person, make_project
from tests.finetuning.rows import FIGURES, make_policy
from tests.rewardmodel.rows import make_reward_model, make_snapshot

pytestmark = pytest.mark.django_db


def client_of(role, project=None):
    client = Client()
    person = make_person(role) if role in ("engineer", "owner") else make_member(project or make_project(), role)
    client.force_login(person)
    return client


def post(client, path, body):
    return client.post(path, json.dumps(body), content_type="application/json")


@pytest.fixture
def snapshot(plumbline_home):
    return make_snapshot(prompts=6)


@pytest.fixture
def policy(snapshot):
    base = make_policy("base", config={"corpus": "demo"})
    model = make_reward_model(name="helpful-1", snapshot=snapshot)
    return make_policy("tuned", parent=base, reference=base, method="rloo", reward_model=model, metrics=FIGURES)


def test_policies_are_listed_with_lineage_and_figures(policy):
    client = client_of("engineer")
    newest, oldest = client.get("/api/v1/policies/").json()["results"]
    assert (newest["name"], newest["parent"], newest["reward_model"]) == ("tuned", "base", "helpful-1")
    assert newest["metrics"]["reward_gain"] == 1.63
    assert (oldest["name"], oldest["parent"]) == ("base", None)
    assert client.get("/api/v1/policies/tuned/").json() == newest
    assert client.get("/api/v1/policies/nobody/").status_code == 404


@pytest.mark.parametrize("role", ["manager", "reviewer", "annotator"])
def test_for_others_there_are_no_policies(policy, snapshot, role):
    client = client_of(role, snapshot.project)
    assert client.get("/api/v1/policies/").status_code == 404
    assert client.get("/api/v1/policies/tuned/").status_code == 404
    assert post(client, "/api/v1/policies/", {"method": "base", "corpus": "demo"}).status_code == 404
    assert post(client, "/api/v1/policies/tuned/generate/", {"project": snapshot.project.slug}).status_code == 404
    assert not Run.objects.exists()


def test_a_base_policy_and_a_fine_tuning_are_queued_with_202(policy, snapshot):
    client = client_of("owner")
    body = {"method": "base", "corpus": str(snapshot.pk), "name": "mine", "settings": {"steps": 9}}
    answer = post(client, "/api/v1/policies/", body)
    assert (answer.status_code, answer.json()["policy"], answer.json()["state"]) == (202, "mine", "queued")
    assert Run.objects.get(pk=answer.json()["run"]).config["settings"] == {"steps": 9}
    body = {"method": "grpo", "policy": "base", "reward_model": "helpful-1"}
    answer = post(client, "/api/v1/policies/", body)
    assert (answer.status_code, answer.json()["policy"]) == (202, "base-grpo-1")
    assert Run.objects.get(pk=answer.json()["run"]).config["snapshot"] == str(snapshot.pk)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"method": "ppo", "policy": "base"}, 400),
        ({"method": "base"}, 404),
        ({"method": "base", "corpus": "/etc/passwd"}, 404),
        ({"method": "base", "corpus": "demo", "name": "tuned"}, 409),
        ({"method": "base", "corpus": "demo", "settings": {"step": 1}}, 400),
        ({"method": "sft"}, 400),
        ({"method": "sft", "policy": "nobody"}, 404),
        ({"method": "sft", "policy": "base"}, 400),
        ({"method": "rloo", "policy": "base", "reward_model": "nobody"}, 404),
        ({"method": "rloo", "policy": "base", "reward_model": "helpful-1", "settings": {"prompts": "/etc/hosts"}}, 400),
        ({"method": "rloo", "policy": "base", "reward_model": "helpful-1", "settings": {"extra": {"x": 1}}}, 400),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(policy, body, status):
    answer = post(client_of("engineer"), "/api/v1/policies/", body)
    assert answer.status_code == status, answer.content
    assert answer.json()["message"]
    assert not Run.objects.exists()


def test_generation_is_queued_with_202(policy, snapshot):
    client, project = client_of("engineer"), snapshot.project
    path = "/api/v1/policies/tuned/generate/"
    body = {"project": project.slug, "against": "base", "limit": 5, "sampling": {"temperature": 0.5}}
    nothing = post(client, path, body)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_answer")
    Prompt.objects.create(project=project, content_hash="x", messages=[{"role": "user", "content": "How?"}])
    answer = post(client, path, body)
    assert (answer.status_code, answer.json()["policy"]) == (202, "tuned")
    run = Run.objects.get(pk=answer.json()["run"])
    assert (run.kind, run.scope, run.config["policies"]) == ("generate_responses", project.slug, ["tuned", "base"])
    assert (run.config["limit"], run.config["prompts"], run.config["sampling"]["temperature"]) == (5, "", 0.5)
    for wrong in ({"project": "nowhere"}, {"project": project.slug, "against": "nobody"}):
        assert post(client, path, wrong).status_code == 404
    assert post(client, path, {"project": project.slug, "limit": 0}).status_code == 400


def test_the_runs_api_starts_the_same_work(policy):
    body = {"kind": "make_base", "config": {"corpus": "demo", "name": "other"}}
    answer = post(client_of("engineer"), "/api/v1/runs/", body)
    assert (answer.status_code, answer.json()["config"]["name"]) == (202, "other")
    tuning = {"kind": "finetune_policy", "config": {"policy": "base", "method": "dpo", "reward_model": "helpful-1"}}
    assert post(client_of("engineer"), "/api/v1/runs/", tuning).status_code == 202
    assert post(client_of("engineer"), "/api/v1/runs/", {"kind": "try_policy", "config": {}}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("delete", "/api/v1/policies/"),
        ("post", "/api/v1/policies/tuned/"),
        ("get", "/api/v1/policies/tuned/generate/"),
    ],
)
def test_the_wrong_method_is_405(policy, method, path):
    assert getattr(client_of("owner"), method)(path).status_code == 405
